import { ownCommand } from '../../own-command.ts'
import type { PlainValue } from './plain-value.ts'

/** The first line of a `.env` that this program wrote. Everything else in an app's folder is somebody's own. */
const signature =
  '# Written by Selfhostly from the environment of this app. Changes here are not read, and lost with the next change there.'

export const isOwnEnvFile = (text: string): boolean => text.startsWith(`${signature}\n`)

/**
 * The text of an app's `.env`, for running Compose by hand in its folder: plain values, each in a form that Compose 1.29 and 2 read
 * alike. A comment names what it cannot carry.
 */
export function envFileText(environment: readonly PlainValue[]): string {
  const lines = environment.map((variable) => ({ ...variable, line: variable.secret ? null : lineOf(variable) }))
  const named = (wanted: typeof lines): string => wanted.map(({ name }) => name).join(', ')
  const secrets = lines.filter(({ secret }) => secret)
  const different = lines.filter(({ secret, line }) => !secret && line === null)
  return [
    signature,
    '# It is for running Compose by hand. Selfhostly itself gives Compose the values through its process, and does not read this file.',
    ...(secrets.length > 0 ? [`# Not here, because they are secret: ${named(secrets)}`] : []),
    ...(different.length > 0 ? [`# Not here, because Compose 1 and 2 read them differently: ${named(different)}`] : []),
    ...(secrets.length + different.length > 0 ? [`# "${ownCommand('compose', 'APP ARGS')}" runs Compose with all of them.`] : []),
    ...lines.flatMap(({ line }) => line ?? []),
    '',
  ].join('\n')
}

const lineOf = ({ name, value }: PlainValue): string | null => {
  const text = quotedForBoth(value)
  return text === null ? null : `${name}=${text}`
}

/**
 * A value as both versions read it; null when there is no such form.
 *
 * Single quotes: version 1 expands `${` in them and halves backslashes, which version 2 keeps. Double quotes: each version has its own
 * escapes and both expand `$`. Without quotes: spaces at the ends and comments are lost, and `$` is expanded. Version 1 turns every
 * carriage return into a line feed.
 */
export function quotedForBoth(value: string): string | null {
  if (value.includes('\r')) return null
  if (/^[A-Za-z0-9_./:@%+,=-]+$/.test(value)) return value
  if (!/'|\\\\|\\$|\$\{/.test(value)) return `'${value}'`
  if (!/["\\$]/.test(value)) return `"${value}"`
  if (/^[!-~ ]+$/.test(value) && !/^['" ]|[$#\\]| $/.test(value)) return value
  return null
}
