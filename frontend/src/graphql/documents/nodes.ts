import { graphql } from '../generated/gql.ts'

export const nodeHoldFields = graphql(`
  fragment NodeHoldFields on NodeHold {
    since
    by
    reason
    until
  }
`)

export const nodeFields = graphql(`
  fragment NodeFields on Node {
    id
    name
    apiEndpoint
    isPrimary
    status
    statusSince
    statusReason
    statusSignal
    lastSeen
    lastHealthCheck
    consecutiveFailures
    nextCheckAt
    createdAt
    labels {
      key
      value
    }
    version
    versionState
    engineVersion
    composeVersion
    missingCapabilities
    connectionMode
    keyChangedAt
    session {
      transport
      generation
      since
    }
    cordon {
      ...NodeHoldFields
    }
    maintenance {
      ...NodeHoldFields
    }
    conditions {
      type
      message
      since
    }
  }
`)

export const nodesQuery = graphql(`
  query Nodes($first: Int!, $after: String) {
    nodes(first: $first, after: $after) {
      nodes {
        ...NodeFields
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`)

export const nodeQuery = graphql(`
  query Node($id: ID!) {
    node(id: $id) {
      ...NodeFields
    }
  }
`)

export const nodeHistoryQuery = graphql(`
  query NodeHistory($id: ID!, $first: Int!, $after: String) {
    node(id: $id) {
      id
      uptime {
        day
        dayObservedMs
        week
        weekObservedMs
        month
        monthObservedMs
      }
      statusHistory(first: $first, after: $after) {
        nodes {
          id
          at
          from
          to
          signal
          reason
          durationMs
        }
        pageInfo {
          hasNextPage
          endCursor
        }
        totalCount
      }
    }
  }
`)

export const nodeStatusChanged = graphql(`
  subscription NodeStatusChanged {
    nodeStatusChanged {
      ...NodeFields
    }
  }
`)

export const nodeRemoved = graphql(`
  subscription NodeRemoved {
    nodeRemoved
  }
`)

export const registerNode = graphql(`
  mutation RegisterNode($input: RegisterNodeInput!) {
    registerNode(input: $input) {
      ...NodeFields
    }
  }
`)

export const updateNode = graphql(`
  mutation UpdateNode($id: ID!, $input: UpdateNodeInput!) {
    updateNode(id: $id, input: $input) {
      ...NodeFields
    }
  }
`)

export const removeNode = graphql(`
  mutation RemoveNode($id: ID!) {
    removeNode(id: $id)
  }
`)

export const checkNode = graphql(`
  mutation CheckNode($id: ID!) {
    checkNode(id: $id) {
      ok
      error
      durationMs
      node {
        ...NodeFields
      }
    }
  }
`)

export const cordonNode = graphql(`
  mutation CordonNode($id: ID!, $reason: String) {
    cordonNode(id: $id, reason: $reason) {
      ...NodeFields
    }
  }
`)

export const uncordonNode = graphql(`
  mutation UncordonNode($id: ID!) {
    uncordonNode(id: $id) {
      ...NodeFields
    }
  }
`)

export const startMaintenance = graphql(`
  mutation StartMaintenance($id: ID!, $reason: String, $until: DateTime) {
    startMaintenance(id: $id, reason: $reason, until: $until) {
      ...NodeFields
    }
  }
`)

export const endMaintenance = graphql(`
  mutation EndMaintenance($id: ID!) {
    endMaintenance(id: $id) {
      ...NodeFields
    }
  }
`)

export const rotateNodeKey = graphql(`
  mutation RotateNodeKey($id: ID!) {
    rotateNodeKey(id: $id) {
      ...NodeFields
    }
  }
`)
