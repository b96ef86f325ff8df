import { Document, type Scalar, stringify, type YAMLSeq } from 'yaml';
import type { PlannedService } from '../../../core/fleet/driver.ts';
import { flagsOf } from '../../../core/fleet/flags.ts';
import { vllmConfig } from '../../../core/fleet/vllmConfig.ts';
import { LABEL } from './containers.ts';

/** What the files of the installation say of a service, and a machine may have to say otherwise. */
export interface ShippedService {
  /** Ports that it publishes: those in the container, and those on this machine. */
  ports: readonly { target: number; published?: number }[];
}

/** A service as it is to run here. */
export interface ServiceHere {
  planned: PlannedService;
  shipped: ShippedService;
  /** Folder on this machine with the weights of its model, where they do not come from the hub. */
  weights?: string;
}

/** Where a container finds what vLLM is configured with, and weights that do not come from the hub. */
const CONFIG = '/etc/conclave/vllm.yaml';
/** With the model's id behind it, which a server then tells as what it serves: its traits are known by that name. */
const weightsOf = (model: string): string => `/weights/${model}`;

/**
 * The Compose file that is laid over that of the installation: what was decided for this machine. Model servers read their
 * configuration from it in place of the committed one.
 * @param fleet of the label that says whose containers they are
 */
export function overrideFile(services: readonly ServiceHere[], fleet: string): string {
  const document = new Document({
    services: Object.fromEntries(services.map((one) => [one.planned.name, serviceOf(one, fleet)])),
    configs: Object.fromEntries(
      services.flatMap((one) => {
        const config = configOf(one);
        return config === undefined ? [] : [[one.planned.name, { content: literal(stringify(config)) }]];
      }),
    ),
  });
  for (const { planned, shipped } of services) {
    const at = ['services', planned.name] as const;
    // In place of those in the file, which would be added to otherwise.
    for (const path of [
      [...at, 'deploy', 'resources', 'reservations', 'devices'],
      ...(shipped.ports.length > 0 ? [[...at, 'ports']] : []),
    ]) {
      const list = document.getIn(path) as YAMLSeq | Scalar | undefined;
      if (list !== undefined) list.tag = '!override';
    }
  }
  document.commentBefore = ' Made by "conclave fleet up" for this machine; written anew each time.';
  return document.toString();
}

function serviceOf(here: ServiceHere, fleet: string): Record<string, unknown> {
  const { planned, shipped, weights } = here;
  const { name, serves, gpus, env, port } = planned;
  const [published] = shipped.ports;
  return {
    labels: { [LABEL.fleet]: fleet, [LABEL.flags]: flagsOf(planned) },
    environment: {
      ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, literal(value)])),
      ...(weights === undefined ? {} : { HF_HUB_OFFLINE: '1' }),
    },
    // A start that fails must not go on for ever, and after a restart of the engine the servers must not all start at once.
    restart: 'on-failure:3',
    ...(published === undefined ? {} : { ports: [`127.0.0.1:${port}:${published.target}`] }),
    ...(serves === undefined
      ? {}
      : {
          command: ['--config', CONFIG],
          configs: [{ source: name, target: CONFIG }],
          ...(weights === undefined
            ? {}
            : {
                volumes: [{ type: 'bind', source: literal(weights), target: weightsOf(serves.model), read_only: true }],
              }),
          deploy: { resources: { reservations: { devices: gpus.length === 0 ? [] : [devicesOf(gpus)] } } },
        }),
  };
}

function devicesOf(gpus: readonly number[]): Record<string, unknown> {
  return { driver: 'nvidia', device_ids: gpus.map(String), capabilities: ['gpu'] };
}

function configOf({ planned, shipped, weights }: ServiceHere): Record<string, unknown> | undefined {
  if (planned.serves === undefined) return undefined;
  return {
    ...vllmConfig(planned.serves),
    ...(weights === undefined ? {} : { model: weightsOf(planned.serves.model) }),
    // Without ports of its own a container has this machine's.
    port: shipped.ports[0]?.target ?? planned.port,
  };
}

/** Compose puts variables in where it sees a dollar sign. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}
