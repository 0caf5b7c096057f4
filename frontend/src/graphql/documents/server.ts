import { graphql } from '../generated/gql.ts'

export const backupStateFields = graphql(`
  fragment BackupStateFields on BackupState {
    runningSince
    failure {
      at
      reason
    }
    nextAt
  }
`)

export const serverFields = graphql(`
  fragment ServerFields on Server {
    version
    nodeId
    name
    isPrimary
    accessMode
    doctorCommand
    storageProblem {
      reason
      since
    }
    primary {
      url
      reachable
      since
      error
    }
    backup {
      ...BackupStateFields
    }
  }
`)

export const serverChanged = graphql(`
  subscription ServerChanged {
    serverChanged {
      ...ServerFields
    }
  }
`)

export const serverQuery = graphql(`
  query Server {
    server {
      ...ServerFields
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
