import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from './test-context.ts'

/** Another program that has the database open and runs the given SQL. */
export async function otherProgram(t: TestContext, path: string) {
  const code = `
    const { DatabaseSync } = require('node:sqlite')
    const database = new DatabaseSync(${JSON.stringify(path)}, { timeout: 5000 })
    process.stdin.on('data', (text) => { database.exec(String(text)); process.stdout.write('done') })
    process.stdout.write('open')`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill())
  await once(child.stdout, 'data')
  return async (sql: string): Promise<void> => {
    const answer = once(child.stdout, 'data')
    child.stdin.write(sql)
    await answer
  }
}
