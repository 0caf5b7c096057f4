import { posix } from 'node:path'
import { invalidInput } from '../../../errors.ts'
import { capabilityName } from './capabilities.ts'
import { realPaths } from './host-paths.ts'
import type { Allowance } from '../../app.ts'
import { isPolicyRule, policyRules, type PolicyFinding, type PolicyRule } from './policy-finding.ts'

/** Of `rule` or `rule:detail`, as an administrator gives them. */
interface Wish {
  rule: PolicyRule
  /** Null for every value in the file. */
  details: string[] | null
}

const pathRules: PolicyRule[] = ['bind-mount', 'docker-socket', 'host-file', 'build-context', 'external-include']

/** @throws INVALID_INPUT for a word that is no rule */
async function readWish(word: string): Promise<Wish> {
  const [rule = '', ...more] = word.trim().split(':')
  if (!isPolicyRule(rule)) {
    throw invalidInput([{ field: 'allow', message: `"${rule}" is not a rule. The rules are ${policyRules.join(', ')}` }])
  }
  if (more.length === 0) return { rule, details: null }
  return { rule, details: await spellings(rule, more.join(':').trim()) }
}

/** People write `CAP_SYS_ADMIN` and `/var/run/docker.sock`, findings have one spelling for each. */
async function spellings(rule: PolicyRule, detail: string): Promise<string[]> {
  if (rule === 'capability') return [capabilityName(detail)]
  if (!pathRules.includes(rule) || !detail.startsWith('/')) return [detail]
  const [, path = '', mode = ''] = /^(.*?)(:ro)?$/.exec(detail) ?? []
  return [detail, ...(await realPaths(posix.join(path, '/'))).map((real) => `${real}${mode}`)]
}

/** Whoever may write may read. */
const isCoveredBy = ({ rule, detail }: Pick<PolicyFinding, 'rule' | 'detail'>, allowed: string | null): boolean =>
  detail === allowed || (rule === 'bind-mount' && detail === `${allowed}:ro`)

export const covers = (allowance: Allowance, finding: PolicyFinding): boolean =>
  allowance.rule === finding.rule && allowance.service === finding.service && isCoveredBy(finding, allowance.detail)

const isMet = ({ rule, details }: Wish, finding: PolicyFinding): boolean =>
  rule === finding.rule && (details === null || details.some((detail) => isCoveredBy(finding, detail)))

/** The words that match nothing in the file, such as those with a slip in their value. @throws INVALID_INPUT for a word that is no rule */
export async function idleWords(findings: PolicyFinding[], words: readonly string[]): Promise<string[]> {
  const wishes = await Promise.all(words.map(async (word) => ({ word, wish: await readWish(word) })))
  return wishes.flatMap(({ word, wish }) => (findings.some((finding) => isMet(wish, finding)) ? [] : word))
}

/**
 * New allowances for what an administrator allows among these findings.
 * @throws INVALID_INPUT for a word that is no rule
 */
export async function allowancesFor(
  findings: PolicyFinding[],
  words: readonly string[],
  { by, at }: Pick<Allowance, 'by' | 'at'>,
): Promise<Allowance[]> {
  const wishes = await Promise.all(words.map(readWish))
  return findings
    .filter((finding) => finding.canBeAllowed && wishes.some((wish) => isMet(wish, finding)))
    .map(({ rule, detail, service }) => ({ rule, detail, service, by, at }))
}

/** The findings, each with whether an allowance covers it. */
export const withAllowances = (findings: PolicyFinding[], allowances: Allowance[]): PolicyFinding[] =>
  findings.map((finding) => ({ ...finding, allowed: finding.canBeAllowed && allowances.some((allowance) => covers(allowance, finding)) }))
