import { graphql } from '../generated/gql.ts'

export const ownSignInQuery = graphql(`
  query OwnSignIn {
    ownSignIn {
      name
      needsCurrent
    }
  }
`)

export const sessionsQuery = graphql(`
  query Sessions {
    sessions {
      id
      isCurrent
      createdAt
      lastUsedAt
      expiresAt
      address
      userAgent
    }
  }
`)

export const revokeSession = graphql(`
  mutation RevokeSession($id: ID!) {
    revokeSession(id: $id)
  }
`)

export const signOutEverywhere = graphql(`
  mutation SignOutEverywhere {
    signOutEverywhere
  }
`)

export const apiTokensQuery = graphql(`
  query ApiTokens {
    apiTokens {
      id
      name
      owner
      scope
      createdAt
      expiresAt
      lastUsedAt
    }
  }
`)

export const createApiToken = graphql(`
  mutation CreateApiToken($input: CreateApiTokenInput!) {
    createApiToken(input: $input) {
      secret
      token {
        id
        name
        scope
        expiresAt
      }
    }
  }
`)

export const revokeApiToken = graphql(`
  mutation RevokeApiToken($id: ID!) {
    revokeApiToken(id: $id)
  }
`)
