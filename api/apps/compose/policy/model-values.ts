/** Reads a resolved model, whose shape depends on the version of Compose, without trusting it. */

export type Fields = Record<string, unknown>

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** A text or a number as text; empty for anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')

export const isTrue = (value: unknown): boolean => value === true || /^(true|yes|on|1)$/i.test(textOf(value))

/** `[A=1]` and `{A: 1}` say the same. */
export const pairsOf = (value: unknown): [name: string, value: string, at: string | number][] =>
  Array.isArray(value)
    ? value.map((each, index) => {
        const [, name = '', said = ''] = /^([^=]*)=?(.*)$/s.exec(textOf(each)) ?? []
        return [name.trim(), said, index]
      })
    : Object.entries(fieldsOf(value)).map(([name, said]) => [name, typeof said === 'boolean' ? String(said) : textOf(said), name])
