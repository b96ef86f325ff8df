"""vllmRequirements.py WHEEL: what vLLM's CPU wheel requires, one requirement a line, less what a CPU has no use for.

torch itself is installed before, in its CPU build; xgrammar after, without triton, which it pulls in for GPUs."""
import sys
import zipfile

from pip._vendor.packaging.requirements import Requirement

WITHOUT = ('torch', 'torchaudio', 'torchvision', 'torchcodec', 'xgrammar')

wheel = zipfile.ZipFile(sys.argv[1])
metadata = next(name for name in wheel.namelist() if name.endswith('.dist-info/METADATA'))
for line in wheel.read(metadata).decode().splitlines():
    if not line.startswith('Requires-Dist:'):
        continue
    requirement = Requirement(line.split(':', 1)[1].strip())
    if requirement.name in WITHOUT or (requirement.marker and not requirement.marker.evaluate({'extra': ''})):
        continue
    requirement.marker = None
    print(requirement)
# What xgrammar needs itself.
print('apache-tvm-ffi>=0.1.11')
