import type { AppValidation, PolicyFinding } from '../../graphql/items.ts'

/** What a save sends to allow a finding: `rule`, or `rule:detail`. It covers all services of the file that ask for the same. */
export const wishOf = ({ rule, detail }: Pick<PolicyFinding, 'rule' | 'detail'>): string => (detail === null ? rule : `${rule}:${detail}`)

/** What a file asks for beyond the safety policy, wherever it does. */
export interface AskedFor {
  wish: string
  findings: PolicyFinding[]
  /** Allowed for the next save, as far as the check has seen. */
  isAllowed: boolean
}

/** What is not allowed yet, and what `wishes` allow. */
export function askedFor({ findings }: Pick<AppValidation, 'findings'>, wishes: string[]): AskedFor[] {
  const open = findings.filter((finding) => !finding.allowed || wishes.includes(wishOf(finding)))
  return [...new Set(open.map(wishOf))].map((wish) => {
    const own = open.filter((finding) => wishOf(finding) === wish)
    return { wish, findings: own, isAllowed: own.every(({ allowed }) => allowed) }
  })
}

/** Those wishes that the file still asks for. */
export const neededWishes = ({ findings }: Pick<AppValidation, 'findings'>, wishes: string[]): string[] =>
  wishes.filter((wish) => findings.some((finding) => wishOf(finding) === wish))

/** How a save sends wishes, which only administrators may. */
export const allowInput = (wishes: string[]): { allow?: string[] } => (wishes.length > 0 ? { allow: wishes } : {})

/** Without how to allow it through the API, because people tick it. */
export const findingWords = ({ message }: Pick<PolicyFinding, 'message'>): string =>
  message.replace(/ An administrator can allow it with allow: \[.*\]$/, '')

/** Such as `web and db`. Empty when it concerns the whole file. */
export const servicesIn = (findings: PolicyFinding[]): string =>
  new Intl.ListFormat('en').format([...new Set(findings.map(({ service }) => service))].filter(Boolean))

/** A problem without how to solve it through the API, because there is a button. */
export const problemWords = (message: string): string => message.replace('Create it with createNetwork, or', 'Create it, or')

/** The external network that a problem says is missing. */
export const missingNetwork = (message: string): string | undefined =>
  /^the external network "([^"]+)" does not exist on this node/.exec(message)?.[1]
