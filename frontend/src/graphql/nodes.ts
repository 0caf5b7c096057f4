import { graphql } from './generated/gql.ts'

export const nodeFields = graphql(`
  fragment NodeFields on Node {
    id
    name
    apiEndpoint
    isPrimary
    status
    statusSince
    statusReason
    lastSeen
    lastHealthCheck
    consecutiveFailures
    nextCheckAt
    createdAt
    labels {
      key
      value
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
