// The event that the peers of Node tell of, as `told.py` says, and how they are told to publish, as `control.py` says.
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

export const SDL = `
  type Progress {
    cursor: String! at: String! campaignId: ID! phase: String! percent: Float! ratePerMinute: Float! etaAt: String!
    campaignPercent: Float! processed: Int! total: Int! skipped: Int!
  }
  type Query { version: Int }
  type Subscription { campaignEvents: Progress! }
`;

export const progress = (number) => ({
  cursor: 'AgABAgMEBQAAAAAAAAAqAAAAAA',
  // As long as the others' texts, which know microseconds.
  at: new Date().toISOString().replace('Z', '000Z'),
  campaignId: 'Q2FtcGFpZ246MDE5M2E5YzAtN2YzZS03YzAwLThmMDAtMDEyMzQ1Njc4OWFi',
  phase: 'DNS_VALIDATION',
  percent: 12.34,
  ratePerMinute: number,
  etaAt: '2026-11-26T18:30:00Z',
  campaignPercent: 23.45,
  processed: 1234,
  total: 10000,
  skipped: 0,
});

export function obey(port, publish) {
  const server = createServer((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      const began = (performance.timeOrigin + performance.now()) / 1000;
      const [first, count] = line.split(' ').map(Number);
      for (let number = first; number < first + count; number += 1) publish(number);
      socket.write(`${began}\n`);
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port, control: server.address().port })));
}
