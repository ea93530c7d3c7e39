/** What the editor holds on the first visit. */
export const example = `# Welcome to Heliograph.
#
# The token in the bar above goes with every operation.
# An Authorization header typed under "Headers" below
# takes its place.
#
#   Ctrl-Enter     run the operation
#   Ctrl-Space     what fits here
#   Shift-Ctrl-P   make it pretty
#
# Nothing here polls. A subscription shows each event as
# it happens; give it the cursor of the last one that you
# saw (after: "…") and it first replays what you missed.
# The book on the left lists all subscriptions.

subscription Live {
  activity {
    __typename
    ... on StreamEvent {
      cursor
    }
    ... on ActivitySnapshot {
      activities {
        at
        summary
      }
    }
    ... on ActivityAdded {
      activity {
        at
        summary
        campaign {
          name
          percent
        }
      }
    }
  }
}
`;
