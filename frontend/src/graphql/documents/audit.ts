import { graphql } from '../generated/gql.ts'

export const auditQuery = graphql(`
  query Audit($first: Int!, $after: String, $filter: AuditFilter!) {
    audit(first: $first, after: $after, filter: $filter) {
      nodes {
        id
        at
        actor
        via
        tokenName
        address
        action
        nodeId
        appId
        subject
        outcome
        detail
        durationMs
        operationId
        ended {
          at
          outcome
          detail
          durationMs
        }
        startedId
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const auditChanged = graphql(`
  subscription AuditChanged {
    auditChanged
  }
`)
