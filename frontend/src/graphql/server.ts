import { graphql } from './generated/gql.ts'

export const serverQuery = graphql(`
  query Server {
    server {
      version
      nodeId
      isPrimary
      accessMode
    }
    viewer {
      name
      role
      via
      userId
      permissions
      accessMode
    }
  }
`)
