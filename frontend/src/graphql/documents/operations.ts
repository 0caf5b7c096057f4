import { graphql } from '../generated/gql.ts'

export const operationFields = graphql(`
  fragment OperationFields on Operation {
    id
    kind
    status
    progress
    message
    output
    warnings {
      message
      file
      line
      service
    }
    error
    appId
    appName
    nodeId
    createdAt
    startedAt
    finishedAt
  }
`)

export const operationQuery = graphql(`
  query Operation($id: ID!) {
    operation(id: $id) {
      ...OperationFields
    }
  }
`)

export const operationProgress = graphql(`
  subscription OperationProgress($id: ID!) {
    operationProgress(id: $id) {
      ...OperationFields
    }
  }
`)

export const cancelOperation = graphql(`
  mutation CancelOperation($id: ID!) {
    cancelOperation(id: $id) {
      ...OperationFields
    }
  }
`)
