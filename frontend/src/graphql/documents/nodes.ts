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
    host
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
    composePolicy
    capabilities
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
