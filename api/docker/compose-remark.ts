/** What Compose says of a file: one clear sentence, and what it means when it says so. */
export interface ComposeRemark {
  message: string
  /** Of another file than the app's own, as Compose names it. */
  file: string | null
  line: number | null
  column: number | null
  /** The keys that lead to the place, such as ["services", "web", "ports"]; fewer, or none, where Compose does not say more. */
  path: string[]
  /** Text of the value that is meant, to find its line by. */
  value: string | null
}

/** How Compose judges a file. It is refused when there are problems. */
export interface ComposeVerdict {
  problems: ComposeRemark[]
  warnings: ComposeRemark[]
}

/** One of the ways in which Compose says something: what it looks like, and what that means. The groups are those of the pattern. */
export type Saying = [pattern: RegExp, meaning: (groups: string[], context: SayingContext) => Meaning]

export interface SayingContext {
  /** Such as "docker-compose 1.29.2". */
  label: string
  isV1: boolean
}

export type Meaning = Partial<ComposeRemark> & { message: string }

/** The meaning of the first saying that fits; a text that none fits means itself. */
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

/** A path or a service that a text names, whatever else it says. */
function pathIn(text: string): string[] {
  const dotted = /\b(?:services|volumes|networks|configs|secrets)(?:\.[\w-]+)+/.exec(text)?.[0]
  const service = /\b[Ss]ervice ['"]([\w.-]+)['"]/.exec(text)?.[1]
  return dotted ? dotted.split('.') : service ? ['services', service] : []
}

export const toRemark = (meaning: Meaning): ComposeRemark => ({ file: null, line: null, column: null, path: [], value: null, ...meaning })

/** A path in the form `services.web.ports.[0]` or `services[web].ports`, with `(root)` for none; indexes of lists are left out. */
export const toPath = (text: string): string[] =>
  text.split(/[.[\]]+/).filter((key) => key !== '' && key !== '(root)' && !/^\d+$/.test(key))

export const quoted = (path: string[]): string => `"${path.join('.')}"`
