"""What the channel's own backends share: how the loss of a line is told.

broadcaster hands out what `next_published` returns and has no way to say that nothing more will come: its
listener dies unseen and subscribers wait for ever. So a line that is lost says so in band, once.

A server that hangs says nothing either, and its kernel goes on taking bytes for it. Silence is not death, so a silent
line is asked, and given as long again to answer: it is known to be lost after twice `SILENCE_SECONDS`.
"""

LOST = "\x00lost"
SILENCE_SECONDS = 1.5
