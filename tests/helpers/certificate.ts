import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Paths of PEM files. */
export interface Certificate {
  /** The certificate authority, which nothing trusts by default. */
  ca: string
  cert: string
  key: string
}

/** A certificate for this machine's names and addresses, from its own authority, made as in the guide. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const [ca, caKey, cert, key, csr, names] = ['ca.pem', 'ca.key', 'node.pem', 'node.key', 'node.csr', 'names'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string, string, string]
  await writeFile(names, 'subjectAltName=DNS:localhost,DNS:node.localhost,IP:127.0.0.1')
  const openssl = (line: string, ...files: string[]) =>
    promisify(execFile)('openssl', [...line.split(' '), ...files.flatMap((file) => file.split(' '))])
  // Elliptic curves, because those keys are generated instantly.
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  await openssl(`req -x509 ${newKey} -days 2 -subj /CN=Test-CA`, `-keyout ${caKey}`, `-out ${ca}`)
  await openssl(`req ${newKey} -subj /CN=localhost`, `-keyout ${key}`, `-out ${csr}`)
  await openssl('x509 -req -days 2 -CAcreateserial', `-in ${csr} -CA ${ca} -CAkey ${caKey} -extfile ${names} -out ${cert}`)
  return { ca, cert, key }
}
