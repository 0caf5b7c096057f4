import type { InventoryApp } from '../api/cluster/feed/inventory.ts'
import type { Operation } from '../api/apps/operation.ts'
import type { ClusterNode } from '../api/cluster/members/node-registry.ts'
import { builder } from './builder.ts'

/** Types that refer to each other across files. Each is implemented in its own domain's file. */
export const NodeRef = builder.objectRef<ClusterNode>('Node')
export const AppRef = builder.objectRef<InventoryApp>('App')
export const OperationRef = builder.objectRef<Operation>('Operation')
