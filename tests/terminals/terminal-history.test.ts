import test from 'ava'
import fc from 'fast-check'
import { createTerminalHistory } from '../../api/terminals/terminal-history.ts'

test('keeps the last bytes, whatever the pieces', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), fc.integer({ min: 1, max: 30 }), (pieces, most) => {
      const history = createTerminalHistory(most)
      for (const piece of pieces) history.push(piece)
      const whole = Buffer.concat(pieces)
      t.deepEqual(Buffer.from(history.read()), whole.subarray(Math.max(0, whole.byteLength - most)))
    }),
  )
})
