"""What is said about a gap, in both languages: where it is stands before it, so each says what is wrong and what to do."""

from __future__ import annotations

from echelon.core.documents.grammar import Language
from echelon.core.documents.render import one_line

SHOWN_MAX = 500  # characters of what somebody wrote, in a sentence about it
SAID: dict[str, tuple[str, str]] = {
    # the form as a whole
    "empty": ("the answers are empty", "les réponses sont vides"),
    "title": ("there is no title: begin with `# Plan — name`", "il n'y a pas de titre : commencer par `# Plan — nom`"),
    "title_twice": ('a second title, "{shown}": one plan, one title', "un deuxième titre, « {shown} » : un plan, un titre"),
    "heading_almost": ('"{shown}" is not a heading of the form; did you mean "{meant}"?', "« {shown} » n'est pas un titre du formulaire ; « {meant} », peut-être ?"),
    "heading_unknown": ('"{shown}" is not a heading of the form; what is below it would be lost', "« {shown} » n'est pas un titre du formulaire ; ce qui suit serait perdu"),
    "heading_twice": ('"{shown}" stands twice: join the two', "« {shown} » figure deux fois : réunir les deux"),
    "section_missing": ('there is no "{shown}"', "il manque « {shown} »"),
    "section_empty": ('"{shown}" has no answer', "« {shown} » n'a pas de réponse"),
    "scope_text": ('put this below "{first}" or "{second}"', "mettre ceci sous « {first} » ou « {second} »"),
    "no_bullet": ('"{shown}" is not a bullet; write "- " before it', "« {shown} » n'est pas une puce ; écrire « - » devant"),
    "stray": ('"{shown}" belongs to no question and would be lost; move it, or make it a comment', "« {shown} » ne répond à aucune question et serait perdu ; le déplacer, ou en faire un commentaire"),
    "fence": ("a code block has no place here; write the command in backquotes on its line", "un bloc de code n'a pas sa place ici ; écrire la commande entre accents graves sur sa ligne"),
    "unclosed": ('a comment or code block is never closed by "{shown}"; all below it is lost', "un commentaire ou bloc de code n'est jamais fermé par « {shown} » ; toute la suite est perdue"),
    # items
    "item_heading": ('"{shown}" is no item; write "### {meant}"', "« {shown} » n'est pas un item ; écrire « ### {meant} »"),
    "item_outside": ('the items have to stand below "## {shown}"', "les items doivent figurer sous « ## {shown} »"),
    "item_subheading": ('a heading inside of {item}, "{shown}"; its text would be lost', "un titre à l'intérieur de {item}, « {shown} » ; son texte serait perdu"),
    "items_none": ("there is no item: write one as `### B001 — title`", "il n'y a aucun item : en écrire un, `### B001 — titre`"),
    "items_many": ("more than {most} items: make several projects of it", "plus de {most} items : en faire plusieurs projets"),
    "item_id": ('"{shown}" is not an id: B and digits, such as B001', "« {shown} » n'est pas un identifiant : B et des chiffres, comme B001"),
    "item_twice": ("{item} is there twice: give one of them another id", "{item} figure deux fois : donner à l'un un autre identifiant"),
    "item_title": ("{item} has no title", "{item} n'a pas de titre"),
    "field_almost": ('"{shown}" is not a field of an item; did you mean "{meant}"?', "« {shown} » n'est pas un champ d'un item ; « {meant} », peut-être ?"),
    "field_unknown": ('"{shown}" is not a field of an item and would be lost', "« {shown} » n'est pas un champ d'un item et serait perdu"),
    "field_here": ('"{shown}" has no place in a plan', "« {shown} » n'a pas sa place dans un plan"),
    "field_status": ("a plan starts with nothing done: leave the status out", "un plan commence sans rien de fait : retirer le statut"),
    "field_twice": ("{item} says {label} twice", "{item} dit deux fois {label}"),
    "field_nested": ('"{shown}" is indented below another bullet; move it to the left', "« {shown} » est en retrait sous une autre puce ; le ramener à gauche"),
    "field_missing": ("{item} has no {label}", "{item} n'a pas de {label}"),
    "priority": ('priority "{shown}" of {item} is none of P1, P2, P3, P4', "la priorité « {shown} » de {item} n'est ni P1, ni P2, ni P3, ni P4"),
    "size": ('size "{shown}" of {item} is none of S, M, L, XL', "la taille « {shown} » de {item} n'est ni S, ni M, ni L, ni XL"),
    "depends_bad": ('{item} depends on "{shown}", which is not an id such as B001 or PRJ-001/B003', "{item} dépend de « {shown} », qui n'est pas un identifiant comme B001 ou PRJ-001/B003"),
    "depends_unknown": ("{item} depends on {shown}, which is not in this breakdown", "{item} dépend de {shown}, qui n'est pas dans ce découpage"),
    "depends_self": ("{item} depends on itself", "{item} dépend de lui-même"),
    "depends_cycle": ("these wait for each other: {shown}", "ceux-ci s'attendent mutuellement : {shown}"),
    "outside_own": ("{shown} is in this very project: write {meant}", "{shown} est dans ce projet même : écrire {meant}"),
    "outside_project": ("{shown}: there is no such project here", "{shown} : ce projet n'existe pas ici"),
    "outside_item": ("{shown}: its project has no such item", "{shown} : son projet n'a pas cet item"),
    "outside_cycle": ("items of different projects would wait for each other: {shown}", "des items de projets différents s'attendraient mutuellement : {shown}"),
    # criteria
    "criteria_none": ("{item} has no acceptance criterion, so nothing could prove it", "{item} n'a aucun critère d'acceptation, rien ne pourrait donc le prouver"),
    "criteria_many": ("{item} has more than {most} criteria: make two items of it", "{item} a plus de {most} critères : en faire deux items"),
    "criterion_empty": ("a criterion of {item} has no words", "un critère de {item} n'a pas de texte"),
    "criterion_twice": ("{item} says this criterion twice", "{item} dit deux fois ce critère"),
    "criteria_after": ('"{shown}" stands after the criteria of {item}: indent it to be one, or make it a field', "« {shown} » suit les critères de {item} : le mettre en retrait pour en faire un, ou en faire un champ"),
    "check_bad": ("{item}: {shown}", "{item} : {shown}"),
    "check_control": ("{item}: a character that cannot be seen, or an unusual blank, stands in the command", "{item} : un caractère invisible, ou un blanc inhabituel, figure dans la commande"),
    "check_missing": ('{item}: how will "{shown}" be checked? End it with — check: `command`, — guard: `command`, or — attest', "{item} : comment vérifier « {shown} » ? Terminer par — preuve : `commande`, — garde : `commande` ou — attestation"),
    "check_none": ('no criterion of {item} has a check, so it could never start: give it one, or set "policy": "attested"', "aucun critère de {item} n'a de preuve, il ne pourrait jamais démarrer : en donner une, ou régler \"policy\": \"attested\""),
    "placeholder": ('"{shown}" is still to be filled in (in backquotes it is text)', "« {shown} » reste à remplir (entre accents graves, c'est du texte)"),
    "too_long": ("longer than {most} characters", "plus long que {most} caractères"),
    # arguments of scaffold_project
    "json": ("not JSON: {shown}", "pas du JSON : {shown}"),
    "json_array": ("not a JSON array of objects", "pas un tableau JSON d'objets"),
    "json_object": ("not an object but {shown}", "pas un objet mais {shown}"),
    "json_type": ("{meant} is expected, not {shown}", "{meant} est attendu, pas {shown}"),
    "json_key": ('"{shown}" is not a key of an item{meant}', "« {shown} » n'est pas une clé d'un item{meant}"),
    "json_twice": ('the key "{shown}" is there twice', "la clé « {shown} » figure deux fois"),
}  # fmt: skip
NOTES: dict[str, tuple[str, str]] = {
    "written": ("SCAFFOLDED {shown}: {count} item(s) in {where}.", "SCAFFOLDED {shown} : {count} item(s) dans {where}."),
    "next": ("Next: read and commit it, then echelon deliver.", "Ensuite : le relire et le valider par un commit, puis echelon deliver."),
    "note": ("note: {shown}", "note : {shown}"),
    "objective_number": ("the objective names no number; by the criteria one will see whether it was reached", "l'objectif ne donne pas de chiffre ; ce sont les critères qui diront s'il est atteint"),
    "guarded": ("{item} has guards only: they prove that nothing broke, not that something came", "{item} n'a que des gardes : elles prouvent que rien n'a cassé, pas que quelque chose est venu"),
    "outside": ("{shown} cannot be looked up here; what depends on it waits until it exists", "{shown} ne peut pas être vérifié ici ; ce qui en dépend attendra qu'il existe"),
    "spec_kept": ("kept {shown} as it was: what the answers say on objective, scope, constraints, risks and the definition of done is not in it", "{shown} est gardé tel quel : ce que disent les réponses sur l'objectif, le périmètre, les contraintes, les risques et la définition de fait n'y est pas"),
    "unlisted": ("no program.md lists a project at {shown} yet", "aucun program.md ne liste encore un projet à {shown}"),
}  # fmt: skip


def say(key: str, language: Language, **fields: object) -> str:
    """The sentence, with what was said in it cut to a length that can be read."""
    words = (SAID.get(key) or NOTES[key])[1 if language == "fr" else 0]
    return words.format(**{name: one_line(str(value), SHOWN_MAX) for name, value in fields.items()})
