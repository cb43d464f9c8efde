"""The lying relay: the attacks of the threat list on the real client, also with each defence taken out.

- `liar.py`: the relay, its worlds, its tapes and the language of its lies.
- `people.py`: the clients, the clock, and what must hold after every scenario, also of each proof file.
- `colluders.py`: what a viewer or an editor lends the relay. `sabotage.py`: how defences are taken out.
- `rows.py`: which test plays which row; checked, and shown in docs/threat-model.md.
"""
