/** One problem or warning from Compose about a file, in clear words and with its place. */
export interface ComposeRemark {
  message: string
  /** As Compose names it, when it is not the app's own file; else null. */
  file: string | null
  line: number | null
  column: number | null
  /** The keys that lead to the place, such as ["services", "web", "ports"]. Shorter or empty when Compose does not say more. */
  path: string[]
  /** Text of the value in question, used to find its line. */
  value: string | null
}

/** Compose's verdict on a file. It refuses a file that has problems. */
export interface ComposeVerdict {
  problems: ComposeRemark[]
  warnings: ComposeRemark[]
}

/** A pattern for one of Compose's messages, and a function that turns its match groups into clear words. */
export type Saying = [pattern: RegExp, meaning: (groups: string[], context: SayingContext) => Meaning]

export interface SayingContext {
  /** For example "docker-compose 1.29.2". */
  label: string
  isV1: boolean
}

export type Meaning = Partial<ComposeRemark> & { message: string }

/** The meaning of the first saying that matches. Text that none matches is kept as it is. */
export function remarkOf(text: string, sayings: Saying[], context: SayingContext): ComposeRemark {
  for (const [pattern, meaning] of sayings) {
    const found = pattern.exec(text)
    if (found)
      return toRemark(
        meaning(
          found.slice(1).map((group) => group ?? ''),
          context,
        ),
      )
  }
  return toRemark({ message: text, path: pathIn(text) })
}

/** The path or service that a text mentions; empty when it mentions none. */
function pathIn(text: string): string[] {
  const dotted = /\b(?:services|volumes|networks|configs|secrets)(?:\.[\w-]+)+/.exec(text)?.[0]
  const service = /\b[Ss]ervice ['"]([\w.-]+)['"]/.exec(text)?.[1]
  return dotted ? dotted.split('.') : service ? ['services', service] : []
}

export const toRemark = (meaning: Meaning): ComposeRemark => ({ file: null, line: null, column: null, path: [], value: null, ...meaning })

/** Splits a path such as `services.web.ports.[0]` or `services[web].ports`. `(root)` is the empty path. List indexes are left out. */
export const toPath = (text: string): string[] =>
  text.split(/[.[\]]+/).filter((key) => key !== '' && key !== '(root)' && !/^\d+$/.test(key))

export const quoted = (path: string[]): string => `"${path.join('.')}"`
