// Order of the results of a search: pages that show how first; what is long or about everything last.
var WEIGHTS = {howto: 2, tutorials: 1.8, installation: 1.8, adopting: 1.5, mistakes: 1.2, gallery: 1.3, api: 1.2, notebooks: 0.8,
  index: 0.7, operations: 0.7, numerics: 0.7, semantics: 0.7, accuracy: 0.7, drawings: 0.7, design: 0.5, changelog: 0.3};
var Scorer = {
  score: ([page, , , , score]) => score * (WEIGHTS[page.split("/")[0]] ?? 1),
  objNameMatch: 11, objPartialMatch: 2, objPrio: {0: 15, 1: 5, 2: -5}, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
