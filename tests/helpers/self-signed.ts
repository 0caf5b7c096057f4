import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { dataFolder } from './data-folder.ts'

/** A key and a self-signed certificate for 127.0.0.1, in the form `tls.createServer` takes. */
export async function selfSigned(t: ExecutionContext<unknown>): Promise<{ key: string; cert: string }> {
  const folder = dataFolder(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=primary -addext subjectAltName=IP:127.0.0.1'
  await promisify(execFile)('openssl', [...args.split(' '), '-keyout', key, '-out', cert])
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
