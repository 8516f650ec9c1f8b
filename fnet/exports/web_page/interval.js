// Prediction intervals by CV+, as fnet/core/conformal.py computes them.

const RANK_SLACK = 1e-9;
const HALVINGS = 6;

// The first place of an ascending array, between two places, whose number is not below a value.
function lowerBound(array, value, start, stop) {
  while (start < stop) {
    const middle = (start + stop) >> 1;
    if (array[middle] < value) start = middle + 1;
    else stop = middle;
  }
  return start;
}

// Scores `[M, Q]` of one output of K and the sums of the weights before each; at the end is an
// infinite score.
function prepareScores(scores, weights, Q, K, k) {
  const members = [];
  for (let m = 0; m < weights.length / Q; m++) {
    const own = new Float64Array(Q + 1).fill(Infinity);
    const before = new Float64Array(Q + 2);
    for (let q = 0; q < Q; q++) {
      own[q] = scores[(m * Q + q) * K + k];
      before[q + 1] = before[q] + weights[m * Q + q];
    }
    before[Q + 1] = before[Q];
    members.push({ scores: own, before, places: Q });
  }
  return members;
}

// For each member the score that has a rank among its own scores, in proportion to all.
function ownScores(members, rank) {
  const all = members.reduce((sum, { before }) => sum + before.at(-1), 0);
  return members.map(({ scores, before, places }) => {
    const own = before.at(-1) * (rank / all) - RANK_SLACK;
    return scores[lowerBound(before, own, 1, places + 1) - 1];
  });
}

// The weight of the sums `shifts[m] + scores[m, q]` that are below a value.
function weightBelow(value, shifts, members) {
  let sum = 0;
  for (let m = 0; m < members.length; m++) {
    const { scores, before, places } = members[m];
    sum += before[lowerBound(scores, value - shifts[m], 0, places)];
  }
  return sum;
}

// The smallest sum `shifts[m] + scores[m, q]` of this weighted rank or above. No sum below the
// least of `shifts[m] + own[m]` has it, and one up to the greatest of these does. Halving leaves a
// few sums between the two, which are merged.
function smallest(shifts, members, own, rank) {
  const M = members.length;
  let least = Infinity;
  let greatest = -Infinity;
  let size = 0;
  for (let m = 0; m < M; m++) {
    least = Math.min(least, shifts[m] + own[m]);
    greatest = Math.max(greatest, shifts[m] + own[m]);
    size = Math.max(size, Math.abs(shifts[m]));
  }
  if (greatest < Infinity) {
    size = Math.max(size, Math.abs(least), Math.abs(greatest));
    for (let i = 0; i < HALVINGS; i++) {
      const middle = (least + greatest) / 2;
      if (weightBelow(middle, shifts, members) < rank - RANK_SLACK) least = middle;
      else greatest = middle;
    }
  }
  least -= 1e-12 * (1 + size);
  const places = new Int32Array(M);
  const sums = new Float64Array(M); // the next one of each member
  let below = 0;
  for (let m = 0; m < M; m++) {
    const { scores, before } = members[m];
    places[m] = lowerBound(scores, least - shifts[m], 0, members[m].places);
    sums[m] = shifts[m] + scores[places[m]];
    below += before[places[m]];
  }
  for (;;) {
    let next = 0;
    for (let m = 1; m < M; m++) if (sums[m] < sums[next]) next = m;
    const { scores, before, places: count } = members[next];
    const place = places[next];
    if (place === count) return Infinity;
    below += before[place + 1] - before[place];
    if (below >= rank - RANK_SLACK) return sums[next];
    places[next] = place + 1;
    sums[next] = shifts[next] + scores[place + 1];
  }
}

// `[lower, upper]` from the predictions of members that a target below, and one above, counts from.
function interval(lowest, highest, members, own, rank) {
  const upper = smallest(highest, members, own, rank);
  const lower =
    0 -
    smallest(
      lowest.map((value) => -value),
      members,
      own,
      rank,
    );
  return lower > upper ? [(lower + upper) / 2, (lower + upper) / 2] : [lower, upper];
}
