import { isLoopbackUrl } from './urls.ts'

/** Whether others on the network can read what this page sends: it was loaded without TLS, and from another machine. */
export const isPlainPage = (): boolean => window.location.protocol === 'http:' && !isLoopbackUrl(window.location.origin)
