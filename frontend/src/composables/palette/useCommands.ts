import { useDebounceFn } from '@vueuse/core'
import { computed, shallowRef, watch } from 'vue'
import type { Ref } from 'vue'
import { useRouter } from 'vue-router'
import { containersLikeQuery } from '../../graphql/documents/palette.ts'
import type { AppItem, NodeItem } from '../../graphql/items.ts'
import { needsLook } from '../../utils/apps/app-order.ts'
import { appTabs, pathOfTab } from '../../utils/apps/app-tabs.ts'
import type { AppTab } from '../../utils/apps/app-tabs.ts'
import type { Command } from '../../utils/palette/command.ts'
import { pageKeys } from '../../utils/palette/keys.ts'
import { appStatusBadges, containerStateBadges, nodeStatusBadges } from '../../utils/shared/status-badges.ts'
import { obstacleTo } from '../apps/action-obstacles.ts'
import { appActions } from '../apps/app-actions.ts'
import type { AppAction, AppActionName } from '../apps/app-actions.ts'
import { useApps } from '../apps/useApps.ts'
import { nodeActions } from '../nodes/node-actions.ts'
import type { NodeAction } from '../nodes/node-action.ts'
import type { NodeActionName } from '../nodes/node-actions.ts'
import { useNodes } from '../nodes/useNodes.ts'
import { usePermissions } from '../shared/usePermissions.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { useServerInfo } from '../shared/useServerInfo.ts'
import { useTheme } from '../shared/useTheme.ts'
import type { ThemeChoice } from '../shared/useTheme.ts'

export interface Doers {
  chooseApp: (name: AppActionName, app: AppItem) => unknown
  chooseNode: (name: NodeActionName, node: NodeItem) => unknown
  showKeys: () => unknown
}

/** People type faster than a server should be asked. */
const askAfterMs = 200

/** Everything that can be reached or done by typing its name, for this viewer. */
export function useCommands(query: Ref<string>, doers: Doers) {
  const pages = usePageCommands(doers)
  const apps = useAppCommands(doers)
  const nodes = useNodeCommands(doers)
  const containers = useContainerCommands(query)
  return computed(() => [...pages.value, ...apps.value, ...nodes.value, ...containers.value])
}

const themes: [ThemeChoice, string, string][] = [
  ['dark', 'Use the dark theme', 'i-lucide-moon'],
  ['light', 'Use the light theme', 'i-lucide-sun'],
  ['auto', "Use the system's theme", 'i-lucide-monitor'],
]

function usePageCommands({ showKeys }: Doers) {
  const router = useRouter()
  const { can } = usePermissions()
  const { isSecondary } = useServerInfo()
  const { choice } = useTheme()
  const isOpen = (to: string): boolean => can(router.resolve(to).meta.needs?.permission)
  const go = (id: string, label: string, icon: string, to: string, more: Partial<Command> = {}): Command[] =>
    isOpen(to) ? [{ id, group: 'Actions', label, icon, run: () => router.push(to), ...more }] : []

  return computed((): Command[] => [
    ...Object.entries(pageKeys).flatMap(([key, { to, label }]) =>
      go(`page ${to}`, label, 'i-lucide-arrow-right', to, { group: 'Pages', keys: `g ${key}`, suggested: true }),
    ),
    ...go('page account', 'Account', 'i-lucide-circle-user-round', '/account', { group: 'Pages' }),
    ...go('new app', 'New app', 'i-lucide-plus', '/apps/new', { words: 'create deploy', suggested: true }),
    ...(can('node.change') && !isSecondary.value
      ? go('add node', 'Add node', 'i-lucide-plus', '/nodes?add=node', { words: 'join register server', suggested: true })
      : []),
    ...go('join tokens', 'Join tokens', 'i-lucide-ticket', '/nodes/join-tokens', { group: 'Pages' }),
    ...themes
      .filter(([theme]) => theme !== choice.value)
      .map(([theme, label, icon]): Command => ({
        id: `theme ${theme}`,
        group: 'Actions',
        label,
        icon,
        words: 'toggle mode color',
        run: () => (choice.value = theme),
      })),
    {
      id: 'keys',
      group: 'Actions',
      label: 'Keyboard shortcuts',
      icon: 'i-lucide-keyboard',
      words: 'help keys',
      keys: '?',
      suggested: true,
      run: showKeys,
    },
  ])
}

function useAppCommands({ chooseApp }: Doers) {
  const router = useRouter()
  const { apps } = useApps()
  const { can } = usePermissions()
  const actions = computed(() =>
    (Object.entries(appActions) as [AppActionName, AppAction][]).filter(([, { permission }]) => can(permission)),
  )
  const tabs = Object.entries(appTabs).filter(([name]) => name !== 'overview') as [AppTab, { label: string; icon: string }][]

  const commandsOf = (app: AppItem): Command[] => {
    const { id, name, node, status } = app
    return [
      {
        ...{ id: `app ${id}`, group: 'Apps', label: name, icon: appStatusBadges[status].icon },
        hint: `${appStatusBadges[status].label} on ${node.name}`,
        words: app.containers.map(({ image }) => image).join(' '),
        // Those in trouble are what people most often look for.
        suggested: needsLook(app),
        run: () => router.push(`/apps/${id}`),
      },
      ...tabs.map(([tab, { label, icon }]): Command => ({
        ...{ id: `app ${id} ${tab}`, group: 'Actions', label: `${label} of ${name}`, icon, hint: node.name },
        run: () => router.push(pathOfTab(id, tab)),
      })),
      ...actions.value
        .filter(([, action]) => obstacleTo(action, app) === undefined)
        .map(([action, { label, icon }]): Command => ({
          ...{ id: `app ${id} ${action}`, group: 'Actions', label: `${label} ${name}`, icon, hint: node.name },
          run: () => chooseApp(action, app),
        })),
    ]
  }
  return computed(() => apps.value.flatMap(commandsOf))
}

function useNodeCommands({ chooseNode }: Doers) {
  const router = useRouter()
  const { nodes } = useNodes()
  const { can } = usePermissions()
  const { isSecondary } = useServerInfo()
  const actions = Object.entries(nodeActions) as [NodeActionName, NodeAction][]

  const commandsOf = (node: NodeItem): Command[] => {
    const { id, name, status } = node
    return [
      {
        ...{ id: `node ${id}`, group: 'Nodes', label: name, icon: nodeStatusBadges[status].icon },
        hint: nodeStatusBadges[status].label,
        words: [node.apiEndpoint, ...node.labels.map(({ key, value }) => `${key}=${value}`)].join(' '),
        suggested: status !== 'ONLINE',
        run: () => router.push(`/nodes/${id}`),
      },
      ...actions
        .filter(([, { permission, applies }]) => can(permission) && (applies?.(node, isSecondary.value) ?? true))
        .map(([action, { label, icon }]): Command => ({
          ...{ id: `node ${id} ${action}`, group: 'Actions', label: `${label} ${name}`, icon, hint: 'Node' },
          run: () => chooseNode(action, node),
        })),
    ]
  }
  return computed(() => nodes.value.flatMap(commandsOf))
}

/** The server looks for containers, because there can be many thousands. */
function useContainerCommands(query: Ref<string>) {
  const { client } = useServerConnection()
  const router = useRouter()
  const commands = shallowRef<Command[]>([])
  const ask = useDebounceFn(async (search: string) => {
    const { data } = await client.query(containersLikeQuery, { search }, { requestPolicy: 'network-only' }).toPromise()
    if (query.value.trim() !== search) return
    commands.value = (data?.containers.nodes ?? []).map((container): Command => {
      const { id, nodeId, name, image, state } = container
      return {
        ...{ id: `container ${nodeId} ${id}`, group: 'Containers', label: name, icon: containerStateBadges[state].icon, hint: image },
        // Found by the server, perhaps by something that is not shown.
        words: search,
        run: () => router.push({ path: '/engine/containers', query: { container: id } }),
      }
    })
  }, askAfterMs)
  watch(query, (now) => {
    if (now.trim().length < 2) commands.value = []
    else void ask(now.trim())
  })
  return commands
}
