import { graphql } from '../generated/gql.ts'

export const alarmsChanged = graphql(`
  subscription AlarmsChanged {
    alarmsChanged {
      id
      kind
      severity
      nodeId
      appId
      message
      since
    }
  }
`)
