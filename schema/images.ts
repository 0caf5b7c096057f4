import type { ImageUpdate } from '../api/apps/images/image-update.ts'
import type { KnownRegistry } from '../api/registries/registries.ts'
import type { RateLimit } from '../api/registries/registry-budget.ts'
import { appActions } from '../api/user/apps.ts'
import { imageActions } from '../api/user/images.ts'
import { action, builder, permission } from './builder.ts'
import { AppOperationRef } from './apps.ts'
import { AppRef } from './refs.ts'

const ImageUpdateState = builder.enumType('ImageUpdateState', {
  values: {
    CURRENT: { value: 'current', description: 'The registry has nothing newer under this name.' },
    AVAILABLE: { value: 'available', description: 'The registry has another image under this name.' },
    UNKNOWN: { value: 'unknown', description: 'It could not be found out. `error` says why.' },
    PINNED: { value: 'pinned', description: 'The Compose file names a digest.' },
    LOCAL: { value: 'local', description: 'The image comes from no registry.' },
  } as const,
})

const ImageUpdateRef = builder.objectRef<ImageUpdate>('ImageUpdate').implement({
  description: "Whether a service's image has an update at its registry.",
  fields: (t) => ({
    service: t.exposeString('service'),
    image: t.exposeString('image', { description: 'As in the Compose file.' }),
    state: t.field({ type: ImageUpdateState, resolve: (update) => update.state }),
    current: t.exposeString('current', { nullable: true, description: 'Digest of the manifest that the node has.' }),
    available: t.exposeString('available', { nullable: true, description: 'Digest of the newer manifest. Null unless AVAILABLE.' }),
    checkedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the registry last answered.',
      resolve: (update) => update.checkedAt,
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why the state is UNKNOWN.' }),
  }),
})

builder.objectField(AppRef, 'imageUpdates', (t) =>
  t.field({ type: [ImageUpdateRef], description: 'By service.', resolve: (app) => app.imageUpdates }),
)

const RateLimitRef = builder.objectRef<RateLimit>('RegistryRateLimit').implement({
  description: 'What a registry last said about how much this server may still ask.',
  fields: (t) => ({
    limit: t.exposeInt('limit', { nullable: true }),
    remaining: t.exposeInt('remaining'),
    windowSeconds: t.exposeInt('windowSeconds', { nullable: true }),
    asOf: t.field({ type: 'DateTime', resolve: ({ asOf }) => asOf }),
  }),
})

const RegistryCredentialRef = builder.objectRef<KnownRegistry>('RegistryCredential').implement({
  description: 'How the cluster signs in to a registry of images. Passwords are never shown.',
  fields: (t) => ({
    registry: t.exposeString('registry', { description: 'Host and port. `docker.io` for Docker Hub.' }),
    username: t.exposeString('username', { nullable: true, description: 'Null for a registry that is asked without signing in.' }),
    updatedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the login was entered.',
      resolve: ({ updatedAt }) => updatedAt,
    }),
    rateLimit: t.field({ type: RateLimitRef, nullable: true, resolve: ({ rateLimit }) => rateLimit }),
    pausedUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The registry has asked to wait. It is not asked before then.',
      resolve: ({ pausedUntil }) => pausedUntil,
    }),
  }),
})

builder.queryFields((t) => ({
  registryCredentials: t.field({
    type: [RegistryCredentialRef],
    ...permission('settings.change'),
    description: 'Registries that this server has a login for, and those that have said something about their limits.',
    resolve: (_root, _args, { user }) => user.images.registries(),
  }),
}))

builder.mutationFields((t) => ({
  checkImages: t.field({
    type: AppRef,
    ...action(imageActions.checkImages),
    description: "Asks the registries of the app's images now, at most once per 10 s and image.",
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.images.checkImages(id),
  }),
  updateImages: t.field({
    type: AppOperationRef,
    ...action(appActions.updateImages),
    description: 'Pulls newer images and makes the containers again that run older ones. All services if none is named.',
    args: {
      id: t.arg.id({ required: true }),
      services: t.arg.stringList(),
      copyVolumes: t.arg.boolean({
        defaultValue: false,
        description: 'Stop the app and copy its named volumes before containers are made again.',
      }),
    },
    resolve: (_root, args, { user }) => user.apps.updateImages(args),
  }),
  setRegistryCredential: t.field({
    type: RegistryCredentialRef,
    ...action(imageActions.setRegistryCredential),
    description: 'Stores how to sign in to a registry. Without user name and password, removes it.',
    args: { registry: t.arg.string({ required: true }), username: t.arg.string(), password: t.arg.string() },
    resolve: (_root, args, { user }) => user.images.setRegistryCredential(args),
  }),
}))
