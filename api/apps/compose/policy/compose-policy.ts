/** The setting COMPOSE_POLICY: whether this node looks for what apps ask of their host. */
export const composePolicies = ['enforced', 'open'] as const
export type ComposePolicy = (typeof composePolicies)[number]
