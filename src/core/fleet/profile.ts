import { z } from 'zod';

const role = z.enum(['preprocessor', 'planner', 'coder', 'reviewer', 'transcriber']);
/** GiB. */
const gib = z.number().positive();

/** One model server of a profile: which model for which roles, what it takes, how it is to be started. */
const server = z.strictObject({
  /** Served under their names. */
  roles: z.array(role).min(1),
  /** Id on the model hub. */
  model: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  /** A licence has to be accepted on the hub before it can be fetched: HF_TOKEN is needed. */
  gated: z.boolean().default(false),
  /** Its weights in memory; what is fetched is of the same size. */
  weights: gib,
  /** Memory that each token of a request takes in the cache, in KiB. */
  kvPerToken: z.number().nonnegative(),
  /** What comes on top: context, CUDA graphs, activations. */
  overhead: gib,
  /** Tokens: what it is meant to serve, and what it may be brought down to where memory is short. */
  window: z
    .strictObject({ wanted: z.int().positive(), least: z.int().positive() })
    .refine(({ wanted, least }) => least <= wanted, 'the least is more than what is wanted'),
  /** Full windows that must fit at the same time. */
  seats: z.number().min(1).default(1),
  /** Over how many GPUs it may be spread where it does not fit on one (tensor parallel): the most that its heads allow. */
  splits: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]).default(1),
  /** The crew works without it, so it is left out where memory is short. */
  optional: z.boolean().default(false),
  /** Where it listens on this machine; absent: where its role's default endpoint is. Containers listen at those always. */
  port: z.int().min(1).max(65_535).optional(),
  /** More long options of `vllm serve`, by their names without "--". */
  options: z.record(z.string(), z.unknown()).default({}),
});

/** A profile as its file says it. The only source: docker/vllm/<profile>/ is made from it. */
export const profileSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/),
    title: z.string(),
    summary: z.string(),
    /** Of the profiles that fit a machine, the one with the highest is advised. */
    rank: z.int(),
    /** `compose`: containers; `native`: processes of this machine; `none`: the user's own servers. */
    driver: z.enum(['compose', 'native', 'none']),
    /** What its servers compute on: NVIDIA's GPUs, Apple's with its unified memory, the processor; `none`: not ours to know. */
    runsOn: z.enum(['cuda', 'metal', 'cpu', 'none']),
    /** The machine that the committed configuration is made for: memory of each GPU, in GiB. Empty: no GPU. */
    machine: z.array(gib),
    /** By the name of the service's role: "coder" is the service "vllm-coder". In the order in which they start. */
    servers: z.partialRecord(role, server),
  })
  .superRefine(({ servers }, context) => {
    const taken = new Set<string>();
    for (const [key, { roles }] of Object.entries(servers)) {
      if (!roles.some((name) => name === key)) {
        context.addIssue({ code: 'custom', path: ['servers', key, 'roles'], message: `${key} is not one of them` });
      }
      for (const name of roles) {
        if (taken.has(name)) {
          context.addIssue({ code: 'custom', path: ['servers', key, 'roles'], message: `${name} has two servers` });
        }
        taken.add(name);
      }
    }
  });

export type Profile = z.infer<typeof profileSchema>;
export type ProfileServer = z.infer<typeof server>;
