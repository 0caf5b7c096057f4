import { bounds, isPrintable } from '../../../bounds.ts'
import { posix } from 'node:path'
import { createLineFinder, type LineFinder } from './finding-lines.ts'
import { isInside, realPaths } from './host-paths.ts'
import { authoredClaims, type AuthoredSources } from './authored-claims.ts'
import { modelClaims } from './model-claims.ts'
import type { ExistingVolumes } from './volume-claims.ts'
import type { Claim, PathClaim, PolicyFinding, PolicyRule } from './policy-finding.ts'
import { policyMessage } from './policy-words.ts'

/** What a node knows and allows when it judges a file. */
export interface PolicyPlace {
  /** The app's folder, and the one that stands in for it while a draft is checked. Relative paths start in the first. */
  folders: string[]
  /** ALLOWED_VOLUME_PATHS. */
  allowedPaths: string[]
  /** Paths of the sockets that control containers here, besides the usual ones. */
  sockets?: string[]
  /** The app's Compose file, to find lines in. */
  content: string
  /** Replaces secret values in a text. */
  hide?: (text: string) => string
}

const usualSockets = ['/run/docker.sock', '/var/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock']
const isSocketName = (path: string): boolean =>
  /^(docker|containerd|podman|crio|buildkitd|cri-dockerd)[\w.-]*\.sock$/.test(posix.basename(path))

interface Judged {
  rule: PolicyRule
  detail: string | null
  isOpen: boolean
  words?: string | undefined
}

/** Looks at the disk, and turns what leads out of the app's folder into findings. Nothing is allowed yet. */
export async function settleClaims(claims: Claim[], place: PolicyPlace): Promise<PolicyFinding[]> {
  if (claims.length === 0) return []
  const judge = await createPathJudge(place)
  const lineOf = createLineFinder(place.content)
  const found = new Map<string, PolicyFinding>()
  for (const claim of claims) {
    const judged = 'hostPath' in claim ? await judge(claim) : [{ ...claim, isOpen: claim.isOpen ?? false }]
    for (const each of judged) {
      const finding = toFinding(claim, each, place.hide ?? ((text) => text), lineOf)
      const key = JSON.stringify([finding.rule, finding.detail, finding.service, finding.path])
      if (!found.has(key)) found.set(key, finding)
    }
  }
  return [...found.values()]
}

function toFinding(
  claim: Claim,
  { rule, detail, isOpen, words }: Judged,
  hide: (text: string) => string,
  lineOf: LineFinder,
): PolicyFinding {
  const shown = detail === null ? null : hide(detail)
  // Two secrets look the same once hidden, so an allowance would not be exact.
  const isExact = !isOpen && shown === detail && (detail ?? '').length <= bounds.policy.detail && isPrintable(detail ?? '')
  return {
    rule,
    detail: shown,
    service: claim.service,
    path: hide(pathText(claim.path)),
    message: words ? hide(words) : policyMessage({ rule, detail: shown, service: claim.service, isOpen: !isExact }),
    line: lineOf(claim),
    allowed: false,
    canBeAllowed: isExact,
  }
}

/** `services.web.cap_add[0]` */
const pathText = (path: Claim['path']): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')

async function createPathJudge({ folders, allowedPaths, sockets = [] }: PolicyPlace) {
  const real = async (paths: string[]): Promise<string[]> => (await Promise.all(paths.map(realPaths))).flat()
  const [own, allowed, socketPaths] = await Promise.all([real(folders), real(allowedPaths), real([...usualSockets, ...sockets])])
  const home = folders[0] ?? '/'

  function ruleFor(path: string, rule: PathClaim['rule']): PolicyRule | null {
    if (own.some((folder) => isInside(folder, path))) return null
    if (socketPaths.includes(path) || isSocketName(path)) return 'docker-socket'
    if (!allowed.some((folder) => isInside(folder, path))) return rule
    // What an administrator opened to all apps, without thinking of the socket in it.
    return rule === 'bind-mount' && socketPaths.some((socket) => isInside(path, socket)) ? 'docker-socket' : null
  }

  return async ({ hostPath, rule, isReadOnly, within }: PathClaim): Promise<Judged[]> => {
    // Someone's home folder, which only Compose knows.
    if (hostPath.startsWith('~')) return [{ rule, detail: hostPath, isOpen: true }]
    const around = within === undefined ? [] : await realPaths(within)
    return (await realPaths(hostPath.startsWith('/') ? hostPath : `${home}/${hostPath}`)).flatMap((path) => {
      const broken = ruleFor(path, rule)
      if (!broken || around.some((folder) => isInside(folder, path))) return []
      return [{ rule: broken, detail: broken === 'bind-mount' && isReadOnly ? `${path}:ro` : path, isOpen: false }]
    })
  }
}

/** The second look: what the resolved model would do. @param existing volumes on the Engine, which decide what a name mounts */
export const modelFindings = (model: unknown, place: PolicyPlace, existing?: ExistingVolumes): Promise<PolicyFinding[]> =>
  settleClaims(modelClaims(model, existing), place)

/** The first look: what resolving the file would do. */
export const authoredFindings = async (sources: AuthoredSources, place: PolicyPlace): Promise<PolicyFinding[]> =>
  settleClaims(await authoredClaims({ ...sources, content: place.content, folder: place.folders[0] ?? '/' }), place)
