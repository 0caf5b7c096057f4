import { graphql } from '../generated/gql.ts'

export const appFields = graphql(`
  fragment AppFields on App {
    id
    name
    description
    status
    statusReason
    lastKnownStatus
    desiredState
    version
    changedOnDisk
    changedFiles
    asOf
    createdAt
    updatedAt
    node {
      id
      name
      host
      isPrimary
      status
      statusReason
      capabilities
    }
    containers {
      id
      name
      service
      image
      state
      health
      statusText
      exitCode
      startedAt
      finishedAt
      restartCount
      isSteady
      createdAt
      ports {
        hostIp
        hostPort
        containerPort
        protocol
      }
      morePorts
    }
    moreContainers
    imageUpdates {
      service
      image
      state
      current
      available
      checkedAt
      error
    }
  }
`)

export const scheduleFields = graphql(`
  fragment ScheduleFields on AppSchedule {
    id
    action
    cron
    timeZone
    enabled
    nextRuns
  }
`)

export const autoUpdateFields = graphql(`
  fragment AutoUpdateFields on AutoUpdate {
    cron
    timeZone
    windowMinutes
    minimumAgeHours
    nextRuns
    held {
      reason
      message
      since
      until
    }
  }
`)

export const appsQuery = graphql(`
  query Apps($first: Int!, $after: String) {
    apps(first: $first, after: $after) {
      nodes {
        ...AppFields
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`)

export const appQuery = graphql(`
  query App($id: ID!) {
    app(id: $id) {
      ...AppFields
      composeContent
      files {
        path
        secret
      }
      operations {
        ...OperationFields
      }
      madeAgain {
        node {
          id
          name
        }
        appId
        failed
        by
        at
        stoppedAt
      }
      schedules {
        ...ScheduleFields
      }
      autoUpdate {
        ...AutoUpdateFields
      }
      allowances {
        rule
        detail
        service
        by
        at
      }
    }
  }
`)

/** Its node is asked for the contents of the files. */
export const appContentsQuery = graphql(`
  query AppContents($id: ID!) {
    app(id: $id) {
      id
      version
      composeContent
      profiles
      environment {
        name
        value
        secret
      }
      files {
        path
        content
        secret
      }
    }
  }
`)

export const preparedFoldersQuery = graphql(`
  query PreparedFolders($nodeId: ID!) {
    preparedFolders(nodeId: $nodeId) {
      name
      composeFile
    }
  }
`)

export const composeOnDiskQuery = graphql(`
  query ComposeOnDisk($nodeId: ID!, $name: String!) {
    composeOnDisk(nodeId: $nodeId, name: $name) {
      file
      content
      problem
    }
  }
`)

/** The files that differ on disk, and what the app has. */
export const filesOnDiskQuery = graphql(`
  query FilesOnDisk($id: ID!, $nodeId: ID!, $name: String!) {
    app(id: $id) {
      id
      version
      composeContent
      files {
        path
        content
        secret
      }
    }
    composeOnDisk(nodeId: $nodeId, name: $name) {
      file
      content
      problem
    }
    appChangedFiles(id: $id) {
      path
      secret
      content
      isMissing
      problem
    }
  }
`)

export const appChanged = graphql(`
  subscription AppChanged {
    appChanged {
      ...AppFields
    }
  }
`)

export const appRemoved = graphql(`
  subscription AppRemoved {
    appRemoved
  }
`)

export const appRemoval = graphql(`
  query AppRemoval($id: ID!) {
    appRemoval(id: $id) {
      items {
        kind
        name
        detail
        sizeBytes
        goes
        obstacle
      }
      omitted
    }
  }
`)

export const validationFields = graphql(`
  fragment ValidationFields on AppValidation {
    ok
    problems {
      message
      file
      line
      column
      service
    }
    warnings {
      message
      file
      line
      column
      service
    }
    findings {
      rule
      detail
      service
      path
      message
      line
      allowed
      canBeAllowed
    }
    variables {
      name
      default
      required
      isSet
    }
  }
`)

/** The server ends a caller's older check of the same app with CONFLICT. */
export const validateAppQuery = graphql(`
  query ValidateApp($nodeId: ID!, $input: CreateAppInput!, $appId: ID) {
    validateApp(nodeId: $nodeId, input: $input, appId: $appId) {
      ...ValidationFields
    }
  }
`)
