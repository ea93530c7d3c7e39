"""What the channel's own backends share: how the loss of a line is told.

broadcaster hands out what `next_published` returns and has no way to say that nothing more will come: its
listener dies unseen and subscribers wait for ever. So a line that is lost says so in band, once.
"""

LOST = "\x00lost"
