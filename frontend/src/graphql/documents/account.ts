import { graphql } from '../generated/gql.ts'

export const ownSignInQuery = graphql(`
  query OwnSignIn {
    ownSignIn {
      name
      needsCurrent
      secondFactor
      recoveryCodesLeft
      passkeyOrigin
      passkeyProblem
      passkeys {
        id
        name
        createdAt
        lastUsedAt
      }
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

export const beginSecondFactor = graphql(`
  mutation BeginSecondFactor {
    beginSecondFactor {
      secret
      uri
    }
  }
`)

export const confirmSecondFactor = graphql(`
  mutation ConfirmSecondFactor($code: String!) {
    confirmSecondFactor(code: $code)
  }
`)

export const removeSecondFactor = graphql(`
  mutation RemoveSecondFactor($code: String!) {
    removeSecondFactor(code: $code)
  }
`)

export const beginPasskey = graphql(`
  mutation BeginPasskey {
    beginPasskey {
      options
      state
    }
  }
`)

export const addPasskey = graphql(`
  mutation AddPasskey($input: AddPasskeyInput!) {
    addPasskey(input: $input) {
      id
    }
  }
`)

export const renamePasskey = graphql(`
  mutation RenamePasskey($id: ID!, $name: String!) {
    renamePasskey(id: $id, name: $name) {
      id
      name
    }
  }
`)

export const removePasskey = graphql(`
  mutation RemovePasskey($id: ID!) {
    removePasskey(id: $id)
  }
`)
