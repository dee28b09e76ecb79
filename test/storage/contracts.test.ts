import { apiKeyChangesContract } from './api-key-changes.contract.ts'
import { apiKeyStoreContract } from './api-key-store.contract.ts'
import { auditStoreContract } from './audit-store.contract.ts'
import { onEachDatabase } from './databases.ts'
import { mcpSessionStoreContract } from './mcp-session-store.contract.ts'
import { signingKeyStoreContract } from './signing-key-store.contract.ts'
import { userStoreContract } from './user-store.contract.ts'

onEachDatabase((databases) => {
  apiKeyStoreContract(databases)
  apiKeyChangesContract(databases)
  userStoreContract(databases)
  signingKeyStoreContract(databases)
  mcpSessionStoreContract(databases)
  auditStoreContract(databases)
})
