import { graphql } from '../generated/gql.ts'

export const nodeContainerFields = graphql(`
  fragment NodeContainerFields on Container {
    id
    nodeId
    name
    service
    image
    state
    lastKnownState
    health
    statusText
    exitCode
    exitReason
    restartCount
    startedAt
    finishedAt
    createdAt
    ports {
      hostIp
      hostPort
      containerPort
      protocol
    }
    morePorts
    appId
    appName
    project
    networks
    volumes
    isSelf
    asOf
  }
`)

export const thingUserFields = graphql(`
  fragment ThingUserFields on ThingUser {
    containerId
    name
    appId
    appName
  }
`)

export const containersQuery = graphql(`
  query Containers($first: Int!, $after: String, $nodeIds: [ID!]) {
    containers(first: $first, after: $after, filter: { nodeIds: $nodeIds }) {
      nodes {
        ...NodeContainerFields
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const imagesQuery = graphql(`
  query Images($first: Int!, $after: String, $nodeIds: [ID!]) {
    images(first: $first, after: $after, filter: { nodeIds: $nodeIds }) {
      nodes {
        id
        nodeId
        tags
        digests
        heldFor
        isDangling
        sizeBytes
        createdAt
        usedBy {
          ...ThingUserFields
        }
        usedByCount
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const volumesQuery = graphql(`
  query Volumes($first: Int!, $after: String, $nodeIds: [ID!]) {
    volumes(first: $first, after: $after, filter: { nodeIds: $nodeIds }) {
      nodes {
        id
        nodeId
        name
        driver
        isAnonymous
        project
        appId
        appName
        createdAt
        usedBy {
          ...ThingUserFields
        }
        usedByCount
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const networksQuery = graphql(`
  query Networks($first: Int!, $after: String, $nodeIds: [ID!]) {
    networks(first: $first, after: $after, filter: { nodeIds: $nodeIds }) {
      nodes {
        id
        nodeId
        name
        driver
        subnets
        isInternal
        isBuiltIn
        project
        appId
        appName
        createdAt
        usedBy {
          ...ThingUserFields
        }
        usedByCount
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const containerDetailsQuery = graphql(`
  query ContainerDetails($nodeId: ID!, $containerId: ID!) {
    containerDetails(nodeId: $nodeId, containerId: $containerId) {
      command
      environment
      restartPolicy
      memoryLimitBytes
      mounts {
        kind
        source
        target
        isReadOnly
      }
      networks {
        name
        address
        aliases
      }
      labels {
        name
        value
      }
      health {
        failingStreak
        lastOutput
        lastExitCode
        lastAt
      }
    }
  }
`)

export const containerProcessesQuery = graphql(`
  query ContainerProcesses($nodeId: ID!, $containerId: ID!) {
    containerProcesses(nodeId: $nodeId, containerId: $containerId) {
      titles
      rows
      more
    }
  }
`)

export const containerInspectionQuery = graphql(`
  query ContainerInspection($nodeId: ID!, $containerId: ID!) {
    containerInspection(nodeId: $nodeId, containerId: $containerId)
  }
`)

export const diskUsageQuery = graphql(`
  query DiskUsage($nodeId: ID!) {
    diskUsage(nodeId: $nodeId) {
      asOf
      imagesBytes
      containersBytes
      volumesBytes
      buildCacheBytes
      volumes {
        id
        sizeBytes
      }
    }
  }
`)

export const thingsChanged = graphql(`
  subscription ThingsChanged {
    thingsChanged {
      nodeId
      kind
    }
  }
`)

export const containerActionMutation = graphql(`
  mutation ContainerAction($nodeId: ID!, $containerId: ID!, $action: ContainerAction!) {
    containerAction(nodeId: $nodeId, containerId: $containerId, action: $action) {
      ...NodeContainerFields
    }
  }
`)

export const pullImageMutation = graphql(`
  mutation PullImage($nodeId: ID!, $image: String!) {
    pullImage(nodeId: $nodeId, image: $image) {
      ...OperationFields
    }
  }
`)

export const removeImageMutation = graphql(`
  mutation RemoveImage($nodeId: ID!, $id: ID!) {
    removeImage(nodeId: $nodeId, id: $id)
  }
`)

export const removeVolumeMutation = graphql(`
  mutation RemoveVolume($nodeId: ID!, $name: String!) {
    removeVolume(nodeId: $nodeId, name: $name)
  }
`)

export const removeNetworkMutation = graphql(`
  mutation RemoveNetwork($nodeId: ID!, $id: ID!) {
    removeNetwork(nodeId: $nodeId, id: $id)
  }
`)

export const pruneMutation = graphql(`
  mutation Prune($nodeId: ID!, $kind: PruneKind!, $preview: Boolean!, $items: [ID!]) {
    prune(nodeId: $nodeId, kind: $kind, preview: $preview, items: $items) {
      isPreview
      items {
        id
        name
        sizeBytes
        freesBytes
        detail
        isNamedData
      }
      more
      bytes
      unmeasured
      kept {
        name
        reason
      }
    }
  }
`)
