import test from 'ava'
import { packFrame, unpackFrame } from '../../../api/monitoring/history/frame.ts'

const floats = (...values: number[]) => Float32Array.from(values)
const frame = new Map([
  [1, floats(1.5, NaN)],
  [4_000_000_000, floats(-3)],
  [2, floats()],
])

test('a frame is read as it was packed, and only the wanted series of it', (t) => {
  const packed = packFrame(frame)
  t.deepEqual(
    unpackFrame(packed, () => true),
    frame,
  )
  t.deepEqual(
    unpackFrame(packed, (series) => series === 4_000_000_000),
    new Map([[4_000_000_000, floats(-3)]]),
  )
})

test('a frame that is cut short loses only its end', (t) => {
  const packed = packFrame(frame)
  t.deepEqual([...unpackFrame(packed.subarray(0, 20), () => true).keys()], [1])
  t.is(unpackFrame(packed.subarray(0, 3), () => true).size, 0)
})
