import { masked } from '../../masked.ts'
import { readEnvText } from './env-text.ts'
import type { PlainValue } from './plain-value.ts'

/**
 * Shorter secrets are not searched for in text: they would blacken every "1" and "on" of a log, and keep nothing secret that a person
 * could not guess. A value that is nothing but such a secret is masked all the same.
 */
const shortest = 4

export interface Mask {
  /** Replaces secret values in a text. */
  text(text: string): string
  /** Replaces them in every string of a JSON value, such as a resolved Compose file. */
  deep<T>(value: T): T
}

interface SecretFile {
  content: string
  secret: boolean
}

/**
 * Masks an app's secrets: the values of secret variables and the contents of secret files, also in the forms in which Compose 1, Compose 2 and Docker
 * print them (quoted, escaped, url-encoded), each line of a longer one, each value of a secret file that Compose reads as an `env_file`, and
 * the password of a URL.
 */
export function createMask(environment: readonly PlainValue[], files: readonly SecretFile[] = []): Mask {
  const values = environment.filter(({ secret }) => secret).map(({ value }) => value)
  const contents = files
    .filter(({ secret }) => secret)
    .flatMap(({ content }) => [content, ...readEnvText(content).variables.map(({ value }) => value)])
  const whole = new Set([...values, ...contents].filter((value) => value !== ''))
  const parts = new Set([...whole].flatMap(partsOf).filter((part) => part.length >= shortest))
  // The longest first, so that a secret within another does not leave its rest behind.
  const forms = [...new Set([...parts].flatMap(formsOf))].sort((one, other) => other.length - one.length)

  const text = (given: string): string => {
    let shown = given
    for (const form of forms) if (shown.includes(form)) shown = shown.replaceAll(form, masked)
    return shown
  }
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return whole.has(value) ? masked : text(value)
    if (Array.isArray(value)) return value.map(deep)
    if (typeof value !== 'object' || value === null) return whole.has(String(value)) ? masked : value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [text(key), deep(each)]))
  }
  return { text, deep: deep as Mask['deep'] }
}

/** The value, its lines, and the password in it when it is a URL. */
function partsOf(value: string): string[] {
  const lines = value.split(/[\r\n]+/)
  const password = URL.canParse(value) ? new URL(value).password : ''
  return [value, value.trim(), ...lines, ...lines.map((line) => line.trim()), password, decoded(password)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

type Form = (text: string) => string

const json: Form = (text) => JSON.stringify(text).slice(1, -1)
/** Compose prints a dollar sign of a value twice. */
const dollars: Form = (text) => text.replaceAll('$', '$$$$')
/** JSON as Go's encoder writes it. */
const goJson: Form = (text) => json(text).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const asciiJson: Form = (text) => json(text).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const python: Form = (text) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
const pythonQuoted: Form = (text) => python(text).replaceAll("'", "\\'")
const yaml: Form = (text) => text.replaceAll("'", "''")
const shell: Form = (text) => text.replaceAll("'", `'\\''`)
const url: Form = (text) => encodeURIComponent(text.toWellFormed())
const lowerUrl: Form = (text) => url(text).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
const path: Form = (text) => encodeURI(text.toWellFormed())
const form: Form = (text) => new URLSearchParams({ a: text }).toString().slice(2)

const prints: Form[] = [json, goJson, asciiJson, python, pythonQuoted, yaml, shell, url, lowerUrl, path, form]

/** A log line in JSON can quote what is quoted already, so a second round of quotes is looked for as well. */
function formsOf(part: string): string[] {
  const plain = [part, dollars(part)]
  const printed = [...plain, ...plain.flatMap((each) => prints.map((print) => print(each)))]
  return [...printed, ...printed.map(json)]
}
