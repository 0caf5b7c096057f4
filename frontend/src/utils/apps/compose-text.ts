export interface LineProblem {
  /** 1-based. */
  line: number
  message: string
}

/** The lines that server messages mention, such as `yaml: line 4: mapping values are not allowed`. */
export function lineProblems(messages: string[]): LineProblem[] {
  return messages.flatMap((message) => [...message.matchAll(/\bline (\d+)/gi)].map((match) => ({ line: Number(match[1]), message })))
}

export const exampleCompose = `services:
  web:
    image: nginx:alpine
    ports:
      - "8081:80"
    restart: unless-stopped
`

/** Ignores line endings, which editors write differently. */
export const sameText = (a: string, b: string): boolean => a.replaceAll('\r\n', '\n') === b.replaceAll('\r\n', '\n')
