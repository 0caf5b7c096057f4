import { graphql } from '../generated/gql.ts'

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
