/** What the editor holds on the first visit. */
export const example = `# Welcome to Heliograph.
#
# Everything is sent with the token in the bar above. An Authorization header
# typed under "Headers" below takes its place.
#
#   Ctrl-Space   what fits here        Ctrl-Enter   run the operation
#   Shift-Ctrl-P make it pretty        the book     read the schema
#
# Nothing here polls. A subscription starts now and shows each event as it
# happens; give it the cursor of the last event that you saw (after: "…") and
# it first replays what you missed. The subscriptions are listed in the
# documentation (the book on the left) under "subscription".

query Hello {
  __typename
}
`;
