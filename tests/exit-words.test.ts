import test from 'ava'
import { exitWords, type Ending } from '../api/exit-words.ts'

const words = (exitCode: number, more: Partial<Ending> = {}): string =>
  exitWords({ exitCode, outOfMemory: false, wasStopped: false, wasKilled: false, by: null, memoryLimitBytes: null, ...more })

test('137 is told apart: out of memory, stopped too slowly, killed by hand, or killed by something else', (t) => {
  t.regex(words(137, { outOfMemory: true, memoryLimitBytes: 64 * 2 ** 20 }), /ran out of memory: it used up its limit of 64 MiB/)
  t.regex(words(137, { outOfMemory: true }), /the memory of this machine/)
  t.is(words(137, { outOfMemory: true, memoryLimitBytes: undefined }), 'Killed because it ran out of memory (137, SIGKILL)')
  t.regex(words(137, { wasStopped: true, wasKilled: true, by: 'ada' }), /^Stopped by ada\. It did not end within its grace period/)
  t.regex(words(137, { wasKilled: true, by: 'ada' }), /^Killed by hand by ada/)
  t.regex(words(137), /not by Docker/)
})

test('other codes say what they mean', (t) => {
  t.is(words(0), 'Ended by itself, without an error')
  t.is(words(0, { wasStopped: true, by: 'ada' }), 'Stopped by ada, and ended without an error')
  t.regex(words(1), /Ended with an error \(1\)/)
  t.regex(words(126), /no permission, or not a program/)
  t.regex(words(127), /does not exist in the image/)
  t.regex(words(139), /SIGSEGV/)
  t.regex(words(143), /SIGTERM/)
  t.regex(words(143, { wasStopped: true }), /^Stopped \(143/)
})
