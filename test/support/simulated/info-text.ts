/** INFO, as far as slotctl reads it. */
import type { SimulatedNode } from './node.ts';

export function infoText(node: SimulatedNode, section: string | undefined, follows: boolean): string {
  const lines =
    section?.toLowerCase() === 'replication'
      ? replication(node, follows)
      : [...server(node), ...replication(node, follows), ...keyspace(node)];
  return lines.map(line => `${line}\r\n`).join('');
}

function server({ dialect: { product, version } }: SimulatedNode): string[] {
  const versions =
    product === 'valkey'
      ? ['redis_version:7.2.4', 'server_name:valkey', `valkey_version:${version}`]
      : [`redis_version:${version}`];
  return ['# Server', ...versions, '# Memory', 'used_memory:1000000', '# Clients', 'connected_clients:1'];
}

function replication(node: SimulatedNode, follows: boolean): string[] {
  if (node.isPrimary) return ['# Replication', 'role:master', 'connected_slaves:0', 'master_repl_offset:1'];
  return [
    '# Replication',
    'role:slave',
    `master_link_status:${follows ? 'up' : 'down'}`,
    `master_last_io_seconds_ago:${follows ? 0 : -1}`,
    'master_sync_in_progress:0',
    'slave_repl_offset:1',
  ];
}

function keyspace({ data }: SimulatedNode): string[] {
  return [
    '# Keyspace',
    ...data.databases.map(database => `db${database}:keys=${data.size(database)},expires=0,avg_ttl=0`),
  ];
}
