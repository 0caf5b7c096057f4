import { graphql } from '../generated/gql.ts'

export const usersQuery = graphql(`
  query Users {
    users {
      id
      provider
      passwordName
      hasSecondFactor
      passkeyCount
      login
      name
      email
      groups
      role
      nodeLimit
      roleFrom
      createdAt
      lastSignInAt
      lastSeenAt
      sessions {
        id
        address
        userAgent
        lastUsedAt
      }
    }
    invitations {
      id
      note
      role
      nodeLimit
      invitedBy
      createdAt
      expiresAt
    }
  }
`)

export const usersChanged = graphql(`
  subscription UsersChanged {
    usersChanged
  }
`)

export const updateUser = graphql(`
  mutation UpdateUser($id: ID!, $input: UpdateUserInput!) {
    updateUser(id: $id, input: $input) {
      id
      role
      nodeLimit
      roleFrom
    }
  }
`)

export const endUserSessions = graphql(`
  mutation EndUserSessions($id: ID!) {
    endUserSessions(id: $id) {
      id
      lastSeenAt
      sessions {
        id
      }
    }
  }
`)

export const resetSecondFactor = graphql(`
  mutation ResetSecondFactor($id: ID!) {
    resetSecondFactor(id: $id) {
      id
      hasSecondFactor
    }
  }
`)

export const removeUser = graphql(`
  mutation RemoveUser($id: ID!) {
    removeUser(id: $id)
  }
`)

export const inviteUser = graphql(`
  mutation InviteUser($input: InviteUserInput!) {
    inviteUser(input: $input) {
      code
      invitation {
        id
      }
    }
  }
`)

export const withdrawInvitation = graphql(`
  mutation WithdrawInvitation($id: ID!) {
    withdrawInvitation(id: $id)
  }
`)
