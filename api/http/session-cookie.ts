import type { IncomingMessage } from 'node:http'
export const readSessionCookie = (_cookies: string | undefined): string | null => null
export type Placeholder = IncomingMessage
