import { graphql } from '../generated/gql.ts'

export const logBatchFields = graphql(`
  fragment LogBatchFields on LogBatch {
    lines {
      at
      service
      container
      stream
      text
      position
    }
    skipped
    passed
  }
`)

export const appLogs = graphql(`
  subscription AppLogs($appId: ID!, $tail: Int, $since: DateTime, $after: [String!]) {
    appLogs(appId: $appId, tail: $tail, since: $since, after: $after) {
      ...LogBatchFields
    }
  }
`)

export const containerLogs = graphql(`
  subscription ContainerLogs($nodeId: ID!, $containerId: ID!, $tail: Int, $since: DateTime, $after: [String!]) {
    containerLogs(nodeId: $nodeId, containerId: $containerId, tail: $tail, since: $since, after: $after) {
      ...LogBatchFields
    }
  }
`)
