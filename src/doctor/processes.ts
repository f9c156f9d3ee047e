// The agent and what runs beside it: rights, real time, memory, disk, updates, leftovers, keepalived. Pure.
import type { AgentFacts, DoctorFacts } from './facts.js';
import { orSound, sound, type DoctorFinding } from './finding.js';

const MIB = 1024 * 1024;

export function processFindings(facts: DoctorFacts): readonly DoctorFinding[] {
  const { agent } = facts;
  return [
    ...agentFindings(facts),
    ...keepalivedFindings(facts),
    ...diskFindings(facts),
    ...(agent === null ? [] : [...rightFindings(agent), ...swapFindings(facts, agent)]),
    ...updateFindings(facts),
  ];
}

function agentFindings({ agent, leftovers }: DoctorFacts): readonly DoctorFinding[] {
  if (agent !== null) return [sound('agent', `the agent answers (process ${agent.status.pid})`)];
  if (leftovers.length > 0) {
    return [
      {
        id: 'leftovers',
        level: 'failure',
        message:
          'no agent runs, and addresses of one that did still stand: the other appliance may have them too',
        evidence: leftovers.map((one) => `state.json: ${one}, and it stands`),
        remedy: ['systemctl start understudy, or understudy release'],
      },
    ];
  }
  return [
    {
      id: 'agent',
      level: 'warning',
      message: 'no agent answers: what only a running one knows was not looked at',
      evidence: [],
      remedy: ['systemctl start understudy, then understudy doctor again'],
    },
  ];
}

function keepalivedFindings({ keepalived, agent }: DoctorFacts): readonly DoctorFinding[] {
  if (keepalived.length === 0) return [sound('keepalived', 'no keepalived runs beside')];
  return [
    {
      id: 'keepalived',
      level: agent === null ? 'warning' : 'failure',
      message: 'keepalived runs VRRP on this host too: two on one host contend for the addresses',
      evidence: keepalived,
      remedy: ['systemctl disable --now keepalived; the order of a move is in docs/IMPORT.md'],
    },
  ];
}

function diskFindings({ disk }: DoctorFacts): readonly DoctorFinding[] {
  if (disk === null) return [];
  const { path, freeBytes, freeFiles, readOnly } = disk;
  const full = freeBytes < MIB || freeFiles < 16;
  if (!readOnly && !full && freeBytes >= 64 * MIB) {
    return [sound('disk', `there is room below ${path}`)];
  }
  return [
    {
      id: 'disk',
      level: readOnly || full ? 'failure' : 'warning',
      message: readOnly
        ? `${path} is on a read-only file system: what was put there by this agent is not remembered`
        : `${path} is nearly full: state and events are not written any more`,
      evidence: [`statfs ${path}: ${freeBytes} bytes and ${freeFiles} files free`],
      remedy: readOnly
        ? [`mount -o remount,rw "$(findmnt -n -o TARGET -T ${path})"`]
        : [`du -xh "$(findmnt -n -o TARGET -T ${path})" | sort -h | tail`],
    },
  ];
}

function rightFindings(agent: AgentFacts): readonly DoctorFinding[] {
  const { missingCapabilities: missing, confinement, status } = agent;
  const capabilities: DoctorFinding[] =
    missing === null || missing.length === 0
      ? []
      : [
          {
            id: 'capabilities',
            level: 'failure',
            message: `the agent lacks ${missing.join(' and ')}`,
            evidence: [`/proc/${status.pid}/status: CapEff`],
            remedy: ['systemctl cat understudy: AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN'],
          },
        ];
  const confined: DoctorFinding[] =
    confinement === null
      ? []
      : [
          {
            id: 'confinement',
            level: 'warning',
            message: `a security module confines the agent: ${confinement}`,
            evidence: [`/proc/${status.pid}/attr/current: ${confinement}`],
            remedy: ['journalctl -k --grep "DENIED|avc"; allow what it names in the profile'],
          },
        ];
  const refused = (status.realtime?.missing ?? []).map((what): DoctorFinding => ({
    id: 'realtime',
    level: 'warning',
    message: `real time was asked for and refused: ${what}`,
    evidence: ['understudy status --json: realtime.missing'],
    remedy: ['systemctl edit understudy: LimitRTPRIO=50, LimitMEMLOCK=infinity; then restart'],
  }));
  return [
    ...orSound(capabilities, 'capabilities', 'the agent has its two capabilities'),
    ...orSound(confined, 'confinement', 'no security module is in the way'),
    ...orSound(refused, 'realtime', 'real time is as the settings have it'),
  ];
}

/** The heap of the agent cannot be locked: what is swapped out answers late. */
function swapFindings({ swap }: DoctorFacts, agent: AgentFacts): readonly DoctorFinding[] {
  if (swap.length === 0 || agent.swapLimit === '0')
    return [sound('swap', 'the agent is not swapped out')];
  return [
    {
      id: 'swap',
      level: 'warning',
      message: 'this host swaps, and the agent may be swapped out: then it answers late',
      evidence: [
        ...swap.map((one) => `/proc/swaps: ${one}`),
        `memory.swap.max: ${agent.swapLimit ?? '?'}`,
      ],
      remedy: [
        'understudy doctor --fix, then systemctl daemon-reload and systemctl restart understudy',
      ],
      dropIn: {
        path: '/etc/systemd/system/understudy.service.d/90-swap.conf',
        text: '# By understudy doctor --fix: what is swapped out answers late.\n[Service]\nMemorySwapMax=0\n',
        apply: 'systemctl daemon-reload',
      },
    },
  ];
}

function updateFindings({
  agent,
  version,
  needsDaemonReload,
}: DoctorFacts): readonly DoctorFinding[] {
  const found: DoctorFinding[] = [];
  if (agent !== null && agent.status.version !== version) {
    found.push({
      id: 'update',
      level: 'warning',
      message: `the agent is version ${agent.status.version}, and ${version} is installed`,
      evidence: ['understudy status --json: version'],
      remedy: ['systemctl restart understudy, the Backup first'],
    });
  } else if (agent !== null && agent.replaced.length > 0) {
    found.push({
      id: 'update',
      level: 'warning',
      message: 'files that the agent runs were replaced since it started',
      evidence: agent.replaced.map((file) => `/proc/${agent.status.pid}/maps: ${file}`),
      remedy: ['systemctl restart understudy, the Backup first'],
    });
  }
  if (needsDaemonReload) {
    found.push({
      id: 'update',
      level: 'warning',
      message: "the unit's file was changed, and systemd has not read it",
      evidence: ['systemctl show understudy: NeedDaemonReload=yes'],
      remedy: ['systemctl daemon-reload'],
    });
  }
  return orSound(found, 'update', 'nothing waits for a restart');
}
