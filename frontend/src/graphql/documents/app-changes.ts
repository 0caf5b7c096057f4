import { graphql } from '../generated/gql.ts'

export const createApp = graphql(`
  mutation CreateApp($nodeId: ID!, $input: CreateAppInput!) {
    createApp(nodeId: $nodeId, input: $input) {
      operation {
        ...OperationFields
      }
      app {
        ...AppFields
      }
    }
  }
`)

export const updateApp = graphql(`
  mutation UpdateApp($id: ID!, $input: UpdateAppInput!) {
    updateApp(id: $id, input: $input) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const startApp = graphql(`
  mutation StartApp($id: ID!, $rollback: Boolean = true) {
    startApp(id: $id, rollback: $rollback) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const stopApp = graphql(`
  mutation StopApp($id: ID!) {
    stopApp(id: $id) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const restoreVolumes = graphql(`
  mutation RestoreVolumes($id: ID!, $version: Int!) {
    restoreVolumes(id: $id, version: $version) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const removeApp = graphql(`
  mutation RemoveApp($id: ID!, $input: RemoveAppInput!) {
    removeApp(id: $id, input: $input) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const restartApp = graphql(`
  mutation RestartApp($id: ID!, $services: [String!]) {
    restartApp(id: $id, services: $services) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const retryOperation = graphql(`
  mutation RetryOperation($id: ID!) {
    retryOperation(id: $id) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const setAppSchedules = graphql(`
  mutation SetAppSchedules($id: ID!, $schedules: [AppScheduleInput!]!) {
    setAppSchedules(id: $id, schedules: $schedules) {
      id
      schedules {
        ...ScheduleFields
      }
    }
  }
`)

export const setAutoUpdate = graphql(`
  mutation SetAutoUpdate($id: ID!, $policy: AutoUpdateInput) {
    setAutoUpdate(id: $id, policy: $policy) {
      id
      autoUpdate {
        ...AutoUpdateFields
      }
    }
  }
`)

export const updateImages = graphql(`
  mutation UpdateImages($id: ID!, $copyVolumes: Boolean!) {
    updateImages(id: $id, copyVolumes: $copyVolumes) {
      operation {
        ...OperationFields
      }
    }
  }
`)

export const checkImages = graphql(`
  mutation CheckImages($id: ID!) {
    checkImages(id: $id) {
      ...AppFields
    }
  }
`)
