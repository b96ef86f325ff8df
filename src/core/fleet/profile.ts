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
  window: z.strictObject({ wanted: z.int(), least: z.int() }),
  /** Full windows that must fit at the same time. */
  seats: z.number().min(1).default(1),
  /** More long options of `vllm serve`, by their names without "--". */
  options: z.record(z.string(), z.unknown()).default({}),
});

/** A profile as its file says it. The only source: docker/vllm/<profile>/ is made from it. */
export const profileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  summary: z.string(),
  /** `compose`: containers; `native`: processes of this machine; `none`: the user's own servers. */
  driver: z.enum(['compose', 'native', 'none']),
  /** The machine that the committed configuration is made for: memory of each GPU, in GiB. Empty: no GPU. */
  machine: z.array(gib),
  /** By the name of the service's role: "coder" is the service "vllm-coder". In the order in which they start. */
  servers: z.partialRecord(role, server),
});

export type Profile = z.infer<typeof profileSchema>;
export type ProfileServer = z.infer<typeof server>;
