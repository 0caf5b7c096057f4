import { graphql } from '../generated/gql.ts'

export const usersQuery = graphql(`
  query Users {
    users {
      id
      provider
      login
      name
      email
      groups
      role
      nodeLimit
      createdAt
      lastSignInAt
    }
  }
`)

export const removeUser = graphql(`
  mutation RemoveUser($id: ID!) {
    removeUser(id: $id)
  }
`)
