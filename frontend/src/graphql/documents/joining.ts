import { graphql } from '../generated/gql.ts'

export const joinAttemptFields = graphql(`
  fragment JoinAttemptFields on JoinAttempt {
    id
    at
    address
    hostname
    tokenId
    tokenName
    ok
    nodeId
    hop
    message
  }
`)

export const joinTokenFields = graphql(`
  fragment JoinTokenFields on JoinToken {
    id
    name
    namePattern
    labels {
      key
      value
    }
    maxUses
    uses
    createdAt
    createdBy
    expiresAt
    state
    lastAttempt {
      ...JoinAttemptFields
    }
  }
`)

export const joinTokensQuery = graphql(`
  query JoinTokens {
    joinTokens {
      ...JoinTokenFields
    }
  }
`)

export const joinAttemptsQuery = graphql(`
  query JoinAttempts {
    joinAttempts {
      ...JoinAttemptFields
    }
  }
`)

export const joinAttempted = graphql(`
  subscription JoinAttempted {
    joinAttempted {
      ...JoinAttemptFields
    }
  }
`)

export const createJoinToken = graphql(`
  mutation CreateJoinToken($input: CreateJoinTokenInput!) {
    createJoinToken(input: $input) {
      token {
        ...JoinTokenFields
      }
      commands {
        docker
        systemd
        npm
      }
    }
  }
`)

export const revokeJoinToken = graphql(`
  mutation RevokeJoinToken($id: ID!) {
    revokeJoinToken(id: $id)
  }
`)
