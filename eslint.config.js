import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'
import { functionLength } from './scripts/function-length.mjs'

const server = ['api/**/*.ts', 'schema/**/*.ts', 'tests/**/*.ts']
const frontend = ['frontend/**/*.{ts,vue}']
const scripts = ['scripts/**/*.mjs', '*.js']

const unused = ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true }]

/** Faults that no type checker finds, for every file. */
const everywhere = {
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-unsafe-finally': 'error',
  'no-self-compare': 'error',
  'no-unreachable-loop': 'error',
  'no-useless-assignment': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'object-shorthand': 'error',
  '@typescript-eslint/no-unused-vars': unused,
}

/** Rules that read types: promises that nobody waits for, cases that nobody handles. */
const typed = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false }],
  '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false, inheritedMethods: false } }],
  '@typescript-eslint/no-unnecessary-type-assertion': 'error',
  '@typescript-eslint/only-throw-error': 'error',
  '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true, boolean: true } }],
  '@typescript-eslint/prefer-optional-chain': 'error',
  '@typescript-eslint/prefer-promise-reject-errors': 'error',
  '@typescript-eslint/restrict-plus-operands': 'error',
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
}

/** The files that build a room. */
const roomFiles = [
  ...['feed/feed', 'health/health', 'home/home', 'home/self', 'joining/joining', 'keys/keys', 'limits/limits'].map(
    (name) => `api/cluster/${name}.ts`,
  ),
  ...['members/members', 'transport/transport'].map((name) => `api/cluster/${name}.ts`),
  ...['apps/own-apps', 'auth/access-services', 'auth/secrets', 'docker/docker', 'monitoring/monitoring'].map((name) => `api/${name}.ts`),
]

const notAllTests = ['only', 'skip', 'todo', 'failing'].flatMap((property) =>
  ['test', 'it'].map((object) => ({ object, property, message: 'Every test runs, every time.' })),
)

export default tseslint.config(
  { ignores: ['**/dist/', 'frontend/src/graphql/generated/', '.cache/', 'data/', 'apps/', '**/*.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { files: [...server, ...frontend, ...scripts], extends: [tseslint.configs.recommended], rules: everywhere },
  {
    files: server,
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: typed,
  },
  { files: ['api/**/*.ts'], rules: { 'no-console': 'error' } },
  {
    files: ['api/**/*.ts', 'schema/**/*.ts'],
    plugins: { selfhostly: { rules: { 'function-length': functionLength } } },
    rules: { 'selfhostly/function-length': ['error', { own: 40, all: 120 }] },
  },
  {
    // Lists: of rooms, of routes.
    files: ['api/services.ts', 'api/apps/own-apps.ts', 'api/http/user-node-routes.ts'],
    rules: { 'selfhostly/function-length': 'off' },
  },
  {
    // Where rooms are built, each needs only those above it. Functions may be used before their line, also in a room of their own.
    files: ['api/services.ts', 'api/roles/*.ts', ...roomFiles],
    rules: { '@typescript-eslint/no-use-before-define': ['error', { functions: false, classes: true, variables: true, typedefs: false }] },
  },
  { files: ['tests/**/*.ts'], rules: { 'no-restricted-properties': ['error', ...notAllTests] } },
  {
    files: frontend,
    extends: [vue.configs['flat/recommended']],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // Layout is Prettier's.
      ...vue.configs['no-layout-rules'].rules,
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-props-declaration': 'error',
      'vue/define-emits-declaration': 'error',
      // Props are typed; an absent optional prop is undefined, as in TypeScript.
      'vue/require-default-prop': 'off',
      // Pages are named by their route.
      'vue/multi-word-component-names': [
        'error',
        { ignores: ['index', 'App', 'Overview', 'Nodes', 'Apps', 'Monitoring', 'Settings', 'Account', 'Users', 'Audit', 'Engine'] },
      ],
      'vue/no-v-html': 'error',
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
    },
  },
)
