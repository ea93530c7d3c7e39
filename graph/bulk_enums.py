"""The words of bulk operations, with a sentence for every value."""

from graph.describing import described
from vocabulary.bulk import BulkItemStatus, BulkKind, BulkStatus

# Taken from here, so that they are described before they are used.
__all__ = ["BulkItemStatus", "BulkKind", "BulkStatus"]

described(
    BulkKind,
    "What a bulk operation does to each thing.",
    {
        "CAMPAIGN_START": "Start a campaign, or the next phase of one that waits.",
        "CAMPAIGN_PAUSE": "Pause a campaign.",
        "CAMPAIGN_RESUME": "Resume a campaign.",
        "CAMPAIGN_CANCEL": "Cancel a campaign for good.",
        "CAMPAIGN_ARCHIVE": "Archive a campaign.",
        "CAMPAIGN_DELETE": "Delete a campaign.",
        "PROXY_ENABLE": "Let campaigns use a proxy.",
        "PROXY_DISABLE": "Let no campaign use a proxy.",
        "PROXY_TEST": "Test a proxy; the item ends with the test, and well if the proxy passed it.",
        "PROXY_DELETE": "Delete a proxy.",
        "PROXY_IMPORT": "Add the proxy of a line, unless you have it.",
        "PERSONA_ENABLE": "Let campaigns use a persona.",
        "PERSONA_DISABLE": "Let no campaign use a persona.",
        "PERSONA_DELETE": "Delete a persona.",
        "KEYWORD_SET_ENABLE": "Let campaigns use a keyword set.",
        "KEYWORD_SET_DISABLE": "Let no campaign use a keyword set.",
        "KEYWORD_SET_DELETE": "Delete a keyword set.",
    },
)
described(
    BulkStatus,
    "Where a bulk operation is.",
    {
        "QUEUED": "It waits for a worker.",
        "RUNNING": "Its items are being done.",
        "CANCELLING": "No more items are begun; those under way end by themselves.",
        "COMPLETED": "Every item has ended, well or not.",
        "CANCELLED": "It was cancelled; what was not begun was skipped.",
        "FAILED": "It could not go on; `error` says why, and what was left has failed.",
    },
)
described(
    BulkItemStatus,
    "Where an item of a bulk operation is.",
    {
        "PENDING": "It was not begun.",
        "RUNNING": "It was begun.",
        "OK": "It ended well, or there was nothing left to do.",
        "FAILED": "It was refused, or went wrong; `code` and `message` say why.",
        "SKIPPED": "It was not begun when its operation was cancelled.",
    },
)
