import test from 'ava'
import { createBatches } from '../api/batches.ts'

function batchesOf() {
  let gathered: string[] = []
  const written: string[][] = []
  const writes: PromiseWithResolvers<void>[] = []
  const flush = createBatches<string[]>({
    take() {
      const batch = gathered
      gathered = []
      return batch.length > 0 ? batch : null
    },
    write(batch) {
      const write = Promise.withResolvers<void>()
      written.push(batch)
      writes.push(write)
      return write.promise
    },
    giveBack: (batch) => void (gathered = [...batch, ...gathered]),
  })
  const writing = async (count: number): Promise<void> => {
    while (writes.length < count) await Promise.resolve()
  }
  return { flush, written, writes, writing, gather: (word: string) => void gathered.push(word) }
}

test('one batch is written after another; with nothing to write, a flush waits for the one under way', async (t) => {
  const { flush, written, writes, writing, gather } = batchesOf()
  await flush()
  gather('a')
  const first = flush()
  const same = flush()
  gather('b')
  const second = flush()
  await writing(1)
  t.deepEqual(written, [['a']])
  writes[0]?.resolve()
  await Promise.all([first, same])
  await writing(2)
  t.deepEqual(written, [['a'], ['b']])
  writes[1]?.resolve()
  await second
})

test('a batch that cannot be written is part of the next one', async (t) => {
  const { flush, written, writes, writing, gather } = batchesOf()
  gather('a')
  const failed = flush()
  const same = flush()
  await writing(1)
  writes[0]?.reject(new Error('full'))
  await t.throwsAsync(failed, { message: 'full' })
  await t.throwsAsync(same, { message: 'full' })
  gather('b')
  const next = flush()
  await writing(2)
  t.deepEqual(written[1], ['a', 'b'])
  writes[1]?.resolve()
  await next
  await t.notThrowsAsync(flush())
})
